import type { Identity } from '../config/config.ts'
import type { Arm } from '../model/arm.ts'
import type { Batch } from '../model/batch.ts'
import type { Compute } from '../model/compute.ts'
import type { Clock } from '../run/runner.ts'
import { createArm } from './arm.ts'
import { createBatch } from './batch/batch.ts'
import { cloudOf } from './cloud.ts'
import { createCompute } from './compute/compute.ts'
import { createCredential, type SignIn } from './credential.ts'
import { RequestCounter, type RunLimits, type TransportLog, transportOptions } from './transport.ts'

/** What the clients need from the machine. */
export interface Surroundings extends Omit<SignIn, 'signal'> {
  /** The variable `AZURE_AUTHORITY_HOST`. */
  readonly authorityHost: string | undefined
  readonly userAgent: string
  readonly limits: RunLimits
  readonly log: TransportLog
  readonly clock: Clock
}

export interface Clients {
  readonly counter: RequestCounter
  readonly arm: Arm
  readonly compute: Compute
  readonly batch: Batch
}

/** Everything of Azure that a run works with: one credential, one transport. */
export function createClients(identity: Identity, { authorityHost, userAgent, limits, log, clock, ...signIn }: Surroundings): Clients {
  const counter = new RequestCounter()
  const cloud = cloudOf(identity, authorityHost)
  const transport = transportOptions(log, counter, userAgent, limits)
  // Not counted: the report's requests are those to Azure's resources.
  const uncounted = transportOptions(log, new RequestCounter(), userAgent, limits)
  const credential = createCredential(identity, cloud, { ...signIn, signal: limits.signal }, uncounted)
  const connection = { credential, cloud, transport, clock }
  return { counter, arm: createArm(connection), compute: createCompute(connection), batch: createBatch(connection) }
}
