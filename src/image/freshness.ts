/** Pure: how old a version is, by Azure's own clock, and until when it is to live. */
import type { ImageSettings } from '../config/config.ts'
import { showDuration } from '../model/duration.ts'
import type { BuiltVersion } from './managed-images.ts'

const DAY_MS = 86_400_000

/** Why a version is rebuilt although its source is unchanged; `undefined` where it is young enough. A date in the future counts as new. */
export function reasonToRefresh(
  { name, publishedDate }: Pick<BuiltVersion, 'name' | 'publishedDate'>,
  rebuild: ImageSettings['rebuild'],
  azureNow: Date,
): string | undefined {
  if (typeof rebuild === 'string') return undefined
  const ageMs = azureNow.getTime() - Date.parse(publishedDate ?? '')
  if (Number.isNaN(ageMs))
    return `it is unknown how old version ${name} is, and \`rebuild\` asks for one of at most ${showAge(rebuild.olderThanMs)}`
  return ageMs > rebuild.olderThanMs ? `version ${name} is ${showAge(ageMs)} old, more than ${showAge(rebuild.olderThanMs)}` : undefined
}

/** Whole days; what is dated in the future is new. `undefined` where the date is not known. */
export function ageInDays(publishedDate: string | undefined, azureNow: Date): number | undefined {
  const ageMs = azureNow.getTime() - Date.parse(publishedDate ?? '')
  return Number.isNaN(ageMs) ? undefined : Math.max(0, Math.floor(ageMs / DAY_MS))
}

const showAge = (ms: number): string => (ms < 2 * DAY_MS ? showDuration(ms) : `${Math.floor(ms / DAY_MS)} days`)

/** ISO 8601; an age counts from the day on which the version is published. */
export function endOfLifeOf(publishedDate: string | undefined, endOfLife: ImageSettings['endOfLife']): string | undefined {
  if (!endOfLife) return undefined
  if ('date' in endOfLife) return endOfLife.date
  return publishedDate && new Date(Date.parse(publishedDate) + endOfLife.afterMs).toISOString()
}

/** What the end of life of an existing version is to become; `undefined` where it is right to the day. */
export function changedEndOfLife(
  { publishedDate, endOfLifeDate }: Pick<BuiltVersion, 'publishedDate' | 'endOfLifeDate'>,
  endOfLife: ImageSettings['endOfLife'],
): string | undefined {
  const wanted = endOfLifeOf(publishedDate, endOfLife)
  if (!wanted || (endOfLifeDate && Math.abs(Date.parse(wanted) - Date.parse(endOfLifeDate)) < DAY_MS)) return undefined
  return wanted
}
