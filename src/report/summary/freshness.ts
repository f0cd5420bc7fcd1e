/** How old images are, and how things stand with the Marketplace image below them. */

import type { BaseImage } from '../../image/base-image.ts'
import { parseArmId } from '../../model/arm-id.ts'
import type { ImageReport } from '../run-report.ts'
import { code, join, type Markdown, md, nothing, text } from './markdown.ts'

/** Marketplace images have no age that is known here; images by id have one, or it is said that it is not known. */
export function ageCell(image: string | undefined, days: number | undefined): Markdown {
  if (!hasAge(image)) return md`–`
  if (days === undefined) return md`not known`
  return days === 0 ? md`less than a day` : md`${days} day${days === 1 ? '' : 's'}`
}

/** In one cell, the age below the image. */
export const imageAndAge = (shown: Markdown, image: string, days: number | undefined): Markdown =>
  hasAge(image) ? md`${shown}<br>${days === undefined ? 'age not known' : md`${ageCell(image, days)} old`}` : shown

export const hasAge = (image: string | undefined): boolean => image !== undefined && parseArmId(image) !== undefined

/** For the table of the image. */
export function baseImage({ baseImage: base }: ImageReport): Markdown {
  if (!base) return nothing
  const { name, version, newestVersion, isBehind, batchSupportEndOfLife } = base
  const known =
    isBehind === undefined
      ? 'whether there is a newer version is not known'
      : isBehind
        ? md`the newest version is ${code(newestVersion ?? '')}`
        : 'the newest version'
  return join(
    [
      md`${code(name)}${version ? md` ${code(version)}` : nothing}: ${known}`,
      ...(batchSupportEndOfLife ? [`supported by Batch until ${dayOf(batchSupportEndOfLife)}`] : []),
      ...(base.deprecation ? [deprecation(base.deprecation)] : []),
    ],
    '<br>',
  )
}

/** Where there is something to know about it; never a reason for a colour. */
export function baseImageNote({ baseImage: base }: ImageReport): Markdown {
  if (!base || (!base.isBehind && !base.deprecation)) return nothing
  const [name, version, newest] = [base.name, base.version ?? '', base.newestVersion ?? ''].map((one) => code(one))
  const newer = md`The base image ${name ?? ''} has a newer version, ${newest ?? ''}. The golden VM was made from ${version ?? ''}, and may have been updated since.`
  const ending = base.deprecation && md`Version ${version ?? ''} of the base image: ${deprecation(base.deprecation)}.`
  return join([...(base.isBehind ? [newer] : []), ...(ending ? [ending] : [])], ' ')
}

function deprecation({ state, at, alternative }: NonNullable<BaseImage['deprecation']>): Markdown {
  const day = at ? md` on ${dayOf(at)}` : nothing
  const what = state === 'Deprecated' ? md`deprecated by its publisher` : md`its publisher will deprecate it${day}`
  return alternative ? md`${what}, and names ${text(alternative, 100)} instead` : what
}

const dayOf = (at: string): string => at.slice(0, 10)
