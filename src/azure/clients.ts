import type { Identity } from '../config/config.ts'
import type { Arm } from '../model/arm.ts'
import type { Batch } from '../model/batch.ts'
import type { Compute } from '../model/compute.ts'
import type { Prices } from '../model/prices.ts'
import type { Clock } from '../run/runner.ts'
import { takeAmbient } from './ambient.ts'
import type { RunLimits } from './answers.ts'
import { createArm } from './arm.ts'
import { createBatch } from './batch/batch.ts'
import { cloudOf } from './cloud.ts'
import { createCompute } from './compute/compute.ts'
import { createCredential } from './credential.ts'
import type { EarlyAzure } from './early.ts'
import { createPrices } from './prices.ts'
import type { ProxyFor } from './proxy-agent.ts'
import { RequestCounter, type TransportLog } from './request-log.ts'
import type { Machine } from './run-credential.ts'
import { transportOptions } from './transport.ts'

/** What the clients need from the machine. */
export interface Surroundings extends Omit<Machine, 'signal' | 'environment'> {
  readonly userAgent: string
  readonly limits: RunLimits
  readonly log: TransportLog
  readonly clock: Clock
  readonly proxyFor: ProxyFor
  /** What was begun before this was loaded. */
  readonly early?: EarlyAzure | undefined
}

export interface Clients {
  readonly counter: RequestCounter
  readonly arm: Arm
  readonly compute: Compute
  readonly batch: Batch
  readonly prices: Prices
}

/** Creates all Azure clients of a run, with one credential and one transport. Removes the libraries' variables from the environment. */
export function createClients(identity: Identity, { userAgent, limits, log, clock, proxyFor, early, ...machine }: Surroundings): Clients {
  const environment = takeAmbient()
  const counter = new RequestCounter()
  const cloud = cloudOf(identity)
  const settings = { log, counter, userAgentPrefix: userAgent, run: limits, proxyFor }
  const transport = transportOptions(settings)
  // Not counted: the report's requests are those to Azure's resources.
  const uncounted = transportOptions({ ...settings, early: early?.connection, counter: new RequestCounter() })
  const credential = createCredential({
    identity,
    cloud,
    machine: { ...machine, environment, signal: limits.signal },
    transport: uncounted,
    early,
  })
  const connection = { credential, cloud, transport, clock }
  return {
    counter,
    arm: createArm(connection),
    compute: createCompute(connection),
    batch: createBatch(connection),
    prices: createPrices(uncounted, clock),
  }
}
