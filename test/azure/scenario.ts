/** A scenario file: the world before the run, how it behaves, and what the action is asked. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

export interface Scenario {
  readonly description: string
  readonly inputs: Readonly<Record<string, string>>
  readonly expect: { readonly exitCode: number; readonly result: string }
  readonly vm: {
    readonly name: string
    readonly generation: 'V1' | 'V2'
    readonly image: { readonly publisher: string; readonly offer: string; readonly sku: string; readonly version: string }
    readonly statuses: readonly string[]
    readonly dataDisks: readonly { readonly lun: number; readonly sizeGiB: number }[]
    readonly extensions?: readonly string[]
  }
  readonly account: {
    readonly name: string
    readonly dedicatedCoreQuota: number
  }
  /** What each resize brings, in order; the last one again and again. Nothing given: all nodes. */
  readonly resizes?: readonly ResizeBehaviour[]
  /** What becomes of nodes, by their index; others become idle. */
  readonly nodes?: readonly NodeFate[]
}

export interface ResizeBehaviour {
  /** Dedicated nodes that this resize brings; the rest times out. */
  readonly gain: number
  /** The reason the rest does not come; without one the resize lasts until its timeout. */
  readonly error?: { readonly code: string; readonly message: string }
}

export interface NodeFate {
  readonly index: number
  readonly state: 'startTaskFailed' | 'unusable'
  readonly exitCode?: number
  readonly stderr?: string
}

export const SUBSCRIPTION = '11111111-1111-4111-8111-111111111111'
export const TENANT = '22222222-2222-4222-8222-222222222222'
export const CLIENT = '33333333-3333-4333-8333-333333333333'
export const GROUP = 'render'
export const REGION = 'westeurope'

const FOLDER = path.join(import.meta.dirname, 'scenarios')

export function loadScenario(name: string): Scenario {
  return parse(readFileSync(path.join(FOLDER, `${name}.yaml`), 'utf8')) as Scenario
}
