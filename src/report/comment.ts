/** The comment on a pull request: the summary below a marker that no reader sees and by which the next run finds it again. */
import { createHash } from 'node:crypto'

/** GitHub refuses more: https://docs.github.com/rest/issues/comments#create-an-issue-comment */
const MOST_CHARACTERS = 65_536

/** What a comment is about: a workflow keeps one for each. */
export interface CommentSubject {
  readonly workflow: string
  readonly account: string
  /** Pool id, or the file of the pool spec. */
  readonly pool: string
  readonly image: string
}

/** A hash, because nothing in a name may end the HTML comment. */
export function commentMarker({ workflow, account, pool, image }: CommentSubject): string {
  const key = JSON.stringify([workflow, account, pool, image].map((part) => part.toLowerCase()))
  return `<!-- azure-batch-image-pool ${createHash('sha256').update(key).digest('hex').slice(0, 16)} -->`
}

/** `render` takes the most bytes of UTF-8, of which there are never fewer than characters. */
export function commentBody(marker: string, render: (mostBytes: number) => string): string {
  return `${marker}\n${render(MOST_CHARACTERS - marker.length - 1)}`
}

/** Why there is no comment, and what to do where that is known. */
export function commentProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const { status } = (error ?? {}) as { readonly status?: number }
  // GitHub hides with 404 what a token may not see.
  const isForbidden = status !== undefined && [401, 403, 404].includes(status)
  const advice = isForbidden
    ? 'The job needs `permissions: pull-requests: write`; pull requests from forks never get it.'
    : 'The result is in the job summary.'
  return `${message}\n${advice}`
}
