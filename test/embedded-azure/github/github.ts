/** GitHub's REST API, as far as issues and comments on pull requests go, in the paths of an Enterprise Server (`/api/v3`). */
import type { FastifyRequest } from 'fastify'

export const GITHUB_TOKEN = 'ghs_embedded'
/** Both are taken. https://docs.github.com/rest/authentication/authenticating-to-the-rest-api#about-authentication */
const AUTHORIZATIONS: readonly string[] = ['Bearer', 'token'].map((scheme) => `${scheme} ${GITHUB_TOKEN}`)
/** https://docs.github.com/rest/issues/comments#create-an-issue-comment */
const MOST_CHARACTERS = 65_536

export interface StoredComment {
  readonly id: number
  readonly issue: number
  readonly user: { readonly login: string; readonly type: 'Bot' | 'User' }
  readonly author_association: string
  body: string
}

interface GitHubAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

export class GitHub {
  readonly comments: StoredComment[] = []
  readonly issues: { readonly title: string; readonly body: string }[] = []
  /** What the job's `permissions` give the token. */
  permission: 'read' | 'write' = 'write'

  /** A comment of somebody. */
  add(issue: number, body: string, by: Pick<StoredComment, 'user' | 'author_association'>): StoredComment {
    const comment = { id: 1_001 + this.comments.length, issue, body, ...by }
    this.comments.push(comment)
    return comment
  }

  handle({ method, headers, params, query, body, url }: FastifyRequest): GitHubAnswer {
    if (!AUTHORIZATIONS.includes(headers.authorization ?? '')) return refuse(401, 'Bad credentials')
    const { number, id } = params as { number?: string; id?: string }
    if (method === 'GET') {
      const { per_page: size = '30', page = '1' } = query as { per_page?: string; page?: string }
      const [from, to] = [(Number(page) - 1) * Number(size), Number(page) * Number(size)]
      const all = this.comments.filter(({ issue }) => issue === Number(number))
      // Without a `Link`, the page is the last. https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
      const next = `https://${headers.host}${url.split('?')[0]}?per_page=${size}&page=${Number(page) + 1}`
      return { status: 200, body: all.slice(from, to), ...(all.length > to && { headers: { link: `<${next}>; rel="next"` } }) }
    }
    if (this.permission === 'read') return refuse(403, 'Resource not accessible by integration')
    const { title, body: text } = JSON.parse(String(body)) as { title?: string; body: string }
    if (text.length > MOST_CHARACTERS) return refuse(422, 'Body is too long (maximum is 65536 characters)')
    // https://docs.github.com/rest/issues/issues#create-an-issue
    if (method === 'POST' && number === undefined) {
      if (!title) return refuse(422, 'Validation Failed')
      return { status: 201, body: { number: this.issues.push({ title, body: text }), title, body: text } }
    }
    if (method === 'POST') {
      const by = { user: { login: 'github-actions[bot]', type: 'Bot' }, author_association: 'NONE' } as const
      return { status: 201, body: this.add(Number(number), text, by) }
    }
    const known = this.comments.find((comment) => comment.id === Number(id))
    if (!known) return refuse(404, 'Not Found')
    known.body = text
    return { status: 200, body: known }
  }
}

const refuse = (status: number, message: string): GitHubAnswer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest/issues/comments', status: String(status) },
})
