/** Comments of a pull request, over GitHub's REST API. The client is that of `@actions/core`: in the bundle anyway, and it knows proxies. */
import { HttpClient, HttpClientError } from '@actions/http-client'
import type { PullRequest } from '../run/runner.ts'
import { environment, inputReader, log } from './runtime.ts'

const PER_PAGE = 100
/** A pull request with more comments than this gets a new one. */
const MOST_PAGES = 30
const TIMEOUT_MS = 10_000
const HEADERS = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }

/** What GitHub tells of a comment. https://docs.github.com/rest/issues/comments */
interface IssueComment {
  readonly id: number
  readonly body?: string
  readonly user: { readonly type: string } | null
  readonly author_association: string
}

interface EventPayload {
  readonly pull_request?: { readonly number: number }
  readonly issue?: { readonly number: number; readonly pull_request?: object }
}

/** The pull request that started this run; `undefined` where something else did. */
export function pullRequest(token: string): PullRequest | undefined {
  const file = environment('GITHUB_EVENT_PATH')
  const { pull_request, issue } = JSON.parse((file && inputReader.file(file)) || '{}') as EventPayload
  const number = pull_request?.number ?? (issue?.pull_request && issue.number)
  if (number === undefined) return undefined
  const repository = `${environment('GITHUB_API_URL') ?? 'https://api.github.com'}/repos/${environment('GITHUB_REPOSITORY')}`
  return new Comments(repository, number, token)
}

class Comments implements PullRequest {
  readonly #issues: string
  readonly #number: number
  readonly #client: HttpClient

  constructor(repository: string, number: number, token: string) {
    this.#issues = `${repository}/issues`
    this.#number = number
    this.#client = new HttpClient('azure-batch-image-pool', undefined, {
      // A redirect would take the token along, wherever it leads.
      allowRedirects: false,
      allowRetries: true,
      maxRetries: 2,
      socketTimeout: TIMEOUT_MS,
      headers: { ...HEADERS, authorization: `Bearer ${token}` },
    })
  }

  async keepComment(marker: string, body: string): Promise<void> {
    const known = await this.#find(marker)
    if (known !== undefined && (await this.#send('patch', `${this.#issues}/comments/${known}`, body)) !== 404) {
      log.debug(`comment ${known} of pull request ${this.#number} is up to date`)
      return
    }
    const status = await this.#send('post', `${this.#issues}/${this.#number}/comments`, body)
    // The client answers 404 where others throw; GitHub hides with it what a token may not see.
    if (status === 404) throw new HttpClientError('Not Found', status)
  }

  async #find(marker: string): Promise<number | undefined> {
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const url = `${this.#issues}/${this.#number}/comments?per_page=${PER_PAGE}&page=${page}`
      const comments = (await this.#client.getJson<IssueComment[]>(url)).result ?? []
      const found = comments.find((comment) => comment.body?.startsWith(marker) && isTrusted(comment))
      if (found) return found.id
      if (comments.length < PER_PAGE) return undefined
    }
    return undefined
  }

  async #send(verb: 'patch' | 'post', url: string, body: string): Promise<number> {
    const { statusCode } = await (verb === 'patch' ? this.#client.patchJson(url, { body }) : this.#client.postJson(url, { body }))
    return statusCode
  }
}

/** Anyone may write the marker into a comment of their own, and could change later what this run has put there. */
function isTrusted({ user, author_association: association }: IssueComment): boolean {
  return user?.type === 'Bot' || ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association)
}

/** In one line, with what to do where that is known. */
export function commentProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const isForbidden = error instanceof HttpClientError && [401, 403, 404].includes(error.statusCode)
  return isForbidden
    ? `${message}. The job needs \`permissions: pull-requests: write\`; pull requests from forks never get it.`
    : `${message}. The result is in the job summary.`
}
