import type { TokenCredential } from '@azure/core-auth'
import type { Clock } from '../run/runner.ts'
import type { Cloud } from './cloud.ts'
import type { TransportOptions } from './transport.ts'

/** What every client of a run works with. */
export interface Connection {
  readonly credential: TokenCredential
  readonly cloud: Cloud
  readonly transport: TransportOptions
  readonly clock: Clock
}
