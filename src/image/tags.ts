/** How this action recognizes its own resources: by tags, and by the fingerprint of what an image was made from. */
import { createHash } from 'node:crypto'
import type { Tags } from '../model/arm.ts'
import type { RunContext } from '../run/runner.ts'

/** Azure allows 256 characters in a tag's value. https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources */
const LONGEST_TAG_VALUE = 256

export const TAGS = {
  tool: 'image-pool-tool',
  image: 'image-pool-image',
  /** The definition that all versions belong to: several galleries, and managed images, may use one image name. */
  target: 'image-pool-target',
  version: 'image-pool-version',
  source: 'image-pool-source',
  fingerprint: 'image-pool-fingerprint',
  repository: 'image-pool-repository',
  commit: 'image-pool-commit',
  /** One attempt of one job. */
  run: 'image-pool-run',
  previousVersion: 'image-pool-previous-version',
  /** The pool that a managed image is for, where a run has several. */
  pool: 'image-pool-pool',
  /** On a VM that a run has stopped: whichever run finds the tag starts the VM. */
  restart: 'image-pool-restart',
  /** On a version that was published excluded from *latest*: whether it is still to be included. */
  latest: 'image-pool-latest',
  /** On snapshots that are kept on purpose. */
  keep: 'image-pool-keep',
} as const

/** Values of `TAGS.latest`: until the version is included in *latest*, and after that. */
export const LATEST = { awaitsHealth: 'when-healthy', included: 'included' } as const

const TOOL = 'azure-batch-image-pool'

export interface Provenance {
  readonly image: string
  readonly target: string
  readonly version: string
  readonly source: string
  readonly fingerprint: string
  readonly previousVersion?: string
}

/** Tags of everything that is created for one image version. */
export function provenanceTags(provenance: Provenance, run: RunContext, extra: Tags): Tags {
  const own = {
    [TAGS.tool]: TOOL,
    [TAGS.image]: provenance.image,
    [TAGS.target]: provenance.target,
    [TAGS.version]: provenance.version,
    [TAGS.source]: provenance.source,
    [TAGS.fingerprint]: provenance.fingerprint,
    [TAGS.repository]: run.repository,
    [TAGS.commit]: run.sha,
    [TAGS.run]: runTag(run),
    [TAGS.previousVersion]: provenance.previousVersion ?? '',
  }
  const given = Object.entries(own).filter(([, value]) => value !== '')
  return { ...extra, ...Object.fromEntries(given.map(([name, value]) => [name, value.slice(-LONGEST_TAG_VALUE)])) }
}

/** A source as written in tags: a VHD without its signature; ids that are too long lose their beginning. */
export function sourceTag(sourceId: string): string {
  return (sourceId.split('?')[0] ?? '').slice(-LONGEST_TAG_VALUE)
}

/** Whether these tags say that this action created the resource for that image. */
export function isOwn(tags: Tags, image: string): boolean {
  return tags[TAGS.tool] === TOOL && tags[TAGS.image]?.toLowerCase() === image.toLowerCase()
}

/** Whether a snapshot was taken for versions of `target`; without that tag it counts as such. */
export function isTakenFor(tags: Tags, image: string, target: string): boolean {
  const own = target.slice(-LONGEST_TAG_VALUE).toLowerCase()
  return isOwn(tags, image) && (tags[TAGS.target]?.toLowerCase() ?? own) === own
}

/** So that the tag fits with the longest names of owner and repository. */
const LONGEST_JOB = 32

/**
 * One attempt of one job, as a link that people can follow. Without GitHub there is nothing to link to.
 * https://docs.github.com/actions/reference/workflows-and-actions/variables
 */
export function runTag({ runUrl, runAttempt, job, nonce }: RunContext): string {
  const place = runUrl ? `${runUrl}/attempts/${runAttempt}` : 'local'
  return `${place}#${job.slice(0, LONGEST_JOB)}-${nonce}`
}

/**
 * Of this very job and attempt, or of an earlier attempt of its workflow run, which is over with all its jobs. Another job of the same
 * attempt may be at work.
 */
export function isOfRun(tags: Tags, run: string): boolean {
  const other = tags[TAGS.run] ?? ''
  if (other === run) return true
  const [mine, theirs] = [run, other].map(attemptIn)
  return mine !== undefined && theirs !== undefined && mine.url === theirs.url && theirs.attempt < mine.attempt
}

function attemptIn(tag: string): { readonly url: string; readonly attempt: number } | undefined {
  const [, url, attempt] = /^(https:.+?)\/attempts\/(\d+)(?:#|$)/.exec(tag) ?? []
  return url && attempt ? { url, attempt: Number(attempt) } : undefined
}

/** No run lasts longer: `timeout` is 350 minutes at most. */
export const LONGEST_RUN_MS = 6 * 3_600_000

/** What identifies an image: the content of its source, and what is made of it. Equal fingerprints mean that nothing needs building. */
export function fingerprintOf(identity: unknown, target: { readonly imageId: string; readonly kind: string }): string {
  const content = { identity, target: { ...target, imageId: target.imageId.toLowerCase() } }
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32)
}
