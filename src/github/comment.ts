/** Comments of a pull request. Loaded by runs that comment only: Octokit is large. */
import { context, getOctokit } from '@actions/github'
import { retry } from '@octokit/plugin-retry'
import type { PullRequest } from '../run/runner.ts'
import { log } from './runtime.ts'

const PER_PAGE = 100
/** A pull request with more comments than this gets a new one. */
const MOST_PAGES = 30
/** For a request with its retries. */
const TIMEOUT_MS = 20_000
const RETRIES = 2

/** The pull request that started this run; `undefined` where something else did. */
export function pullRequest(token: string): PullRequest | undefined {
  const { pull_request, issue } = context.payload
  const number = pull_request?.number ?? (issue?.pull_request && issue.number)
  return number === undefined ? undefined : new Comments(number, token)
}

class Comments implements PullRequest {
  readonly #number: number
  readonly #octokit: ReturnType<typeof getOctokit>

  constructor(number: number, token: string) {
    this.#number = number
    this.#octokit = getOctokit(token, { userAgent: 'azure-batch-image-pool', retry: { retries: RETRIES } }, retry)
    this.#octokit.hook.before('request', ({ request }) => {
      Object.assign(request as object, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    })
  }

  async keepComment(marker: string, body: string): Promise<void> {
    const { issues } = this.#octokit.rest
    const known = await this.#find(marker)
    if (known !== undefined && (await this.#isUpdated(known, body))) {
      log.debug(`Comment ${known} of pull request ${this.#number} is up to date.`)
      return
    }
    await issues.createComment({ ...context.repo, issue_number: this.#number, body })
  }

  async #find(marker: string): Promise<number | undefined> {
    const { paginate, rest } = this.#octokit
    const pages = paginate.iterator(rest.issues.listComments, {
      ...context.repo,
      issue_number: this.#number,
      per_page: PER_PAGE,
    })
    let page = 0
    for await (const { data } of pages) {
      const found = data.find((comment) => comment.body?.startsWith(marker) && isTrusted(comment))
      page += 1
      if (found || page === MOST_PAGES) return found?.id
    }
    return undefined
  }

  /** @returns false where somebody has deleted the comment meanwhile. */
  async #isUpdated(comment: number, body: string): Promise<boolean> {
    try {
      await this.#octokit.rest.issues.updateComment({ ...context.repo, comment_id: comment, body })
      return true
    } catch (error) {
      if ((error as { readonly status?: number }).status === 404) return false
      throw error
    }
  }
}

/** Anyone may write the marker into a comment of their own, and could change later what this run has put there. */
function isTrusted({ user, author_association: association }: { user: { type: string } | null; author_association: string }): boolean {
  return user?.type === 'Bot' || ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association)
}
