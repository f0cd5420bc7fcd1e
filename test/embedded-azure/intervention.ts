/** What a test may do to a request on its way: faults, races, and ends of the process at an exact moment. */
import type { Answer } from './route.ts'

export type Plane = 'arm' | 'batch' | 'entra' | 'github' | 'prices'

export interface SeenRequest {
  readonly plane: Plane
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** From 1, over all planes. */
  readonly number: number
}

export type Intervention =
  /** Answered so, without any effect. */
  | ({ readonly kind: 'answer' } & Answer)
  /** Served as ever; then this happens, before the answer is sent. */
  | { readonly kind: 'act'; readonly after?: () => void | Promise<void> }
  /** The connection breaks, before any effect. */
  | { readonly kind: 'reset' }
  /** Served, but the connection breaks before the answer. */
  | { readonly kind: 'lose' }
  /** Served, but only half of the body arrives. */
  | { readonly kind: 'cut' }
  /** Never answered. */
  | { readonly kind: 'hang' }

export type Intervene = (request: SeenRequest) => Intervention | undefined | Promise<Intervention | undefined>
