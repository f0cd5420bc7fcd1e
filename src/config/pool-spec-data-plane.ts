/**
 * The data-plane shape of a pool (`az batch pool create --json-file`, `az batch pool show`, the SDKs, `Get-AzBatchPool`) in ARM's.
 * https://learn.microsoft.com/rest/api/batchservice/pools/create-pool
 */

import { plainName } from './pool-spec-names.ts'
import { type Bag, isBag } from './pool-spec-normal.ts'
import type { SpecProblem } from './pool-spec-schema.ts'

/** Plain names of top-level members that only the data plane has; the last four are PowerShell's names. */
const OF_THE_DATA_PLANE: ReadonlySet<string> = new Set([
  'autoscaleevaluationinterval',
  'autoscaleformula',
  'certificatereferences',
  'cloudserviceconfiguration',
  'enableautoscale',
  'enableinternodecommunication',
  'resizetimeout',
  'targetdedicatednodes',
  'targetlowprioritynodes',
  'virtualmachineconfiguration',
  'autoscaleenabled',
  'intercomputenodecommunicationenabled',
  'targetdedicatedcomputenodes',
  'targetlowprioritycomputenodes',
])

const OF_ARM: ReadonlySet<string> = new Set(['deploymentconfiguration', 'scalesettings', 'internodecommunication', 'applicationpackages'])

/** Whether the pool as a whole is in the data-plane shape. A mixture of both shapes is neither. */
export function isDataPlane(pool: Bag): boolean {
  const names = Object.keys(pool).map(plainName)
  return names.some((name) => OF_THE_DATA_PLANE.has(name)) && !names.some((name) => OF_ARM.has(name))
}

export interface Translated {
  readonly pool: Bag
  readonly problems: readonly SpecProblem[]
  /** Names of members that have no effect: sizes beside a formula, or a formula that is switched off. */
  readonly withoutEffect: readonly string[]
}

/** The pool in ARM's shape. Names that ARM has too, and unknown ones, stay as they are. @param given in the data-plane shape */
export function fromDataPlane(given: Bag): Translated {
  const members = new Members(given)
  const deployment = {
    ...members.renamed('virtualMachineConfiguration', (value) => ({ virtualMachineConfiguration: value })),
    ...members.renamed('cloudServiceConfiguration', (value) => ({ cloudServiceConfiguration: value })),
  }
  const pool = {
    ...scaling(members),
    ...(Object.keys(deployment).length > 0 && { deploymentConfiguration: deployment }),
    ...communication(members),
  }
  return { pool: { ...members.rest(), ...pool }, problems: members.problems, withoutEffect: members.withoutEffect }
}

/** Members by their plain names, each taken once. */
class Members {
  readonly problems: SpecProblem[] = []
  readonly withoutEffect: string[] = []
  readonly #left: Map<string, readonly [string, unknown]>

  constructor(given: Bag) {
    const isThere = (value: unknown) => value !== null && value !== undefined && value !== ''
    const entries = Object.entries(given).filter(([, value]) => isThere(value))
    this.#left = new Map(entries.map(([name, value]) => [plainName(name), [name, value]]))
    if (this.#left.size < entries.length) this.problems.push({ path: '', problem: 'has a property twice, in several spellings' })
  }

  take(name: string): unknown {
    const found = this.#left.get(plainName(name))
    this.#left.delete(plainName(name))
    return found?.[1]
  }

  renamed(name: string, as: (value: unknown) => Bag): Bag {
    const value = this.take(name)
    return value === undefined ? {} : as(value)
  }

  /** `undefined`, with the problem recorded, where it is not a switch. */
  switch(name: string): boolean | undefined {
    const value = this.take(name)
    if (value !== undefined && typeof value !== 'boolean')
      this.problems.push({ path: name, problem: 'is not a switch', allowed: 'true, false' })
    return typeof value === 'boolean' ? value : undefined
  }

  ignore(...names: readonly string[]): void {
    for (const name of names) if (this.take(name) !== undefined) this.withoutEffect.push(name)
  }

  rest(): Bag {
    return Object.fromEntries(this.#left.values())
  }
}

/** With a formula the data plane shows the targets that the formula has set. */
function scaling(members: Members): Bag {
  const formula = members.take('autoScaleFormula')
  const isAutoScaled = members.switch('enableAutoScale') ?? members.switch('autoScaleEnabled') ?? formula !== undefined
  const evaluationInterval = members.take('autoScaleEvaluationInterval')
  if (isAutoScaled) {
    members.ignore(
      'targetDedicatedNodes',
      'targetLowPriorityNodes',
      'resizeTimeout',
      'targetDedicatedComputeNodes',
      'targetLowPriorityComputeNodes',
    )
    return {
      scaleSettings: {
        autoScale: { ...(formula !== undefined && { formula }), ...present({ evaluationInterval: duration(evaluationInterval) }) },
      },
    }
  }
  if (formula !== undefined) members.withoutEffect.push('autoScaleFormula')
  const fixedScale = present({
    targetDedicatedNodes: members.take('targetDedicatedNodes') ?? members.take('targetDedicatedComputeNodes'),
    targetLowPriorityNodes: members.take('targetLowPriorityNodes') ?? members.take('targetLowPriorityComputeNodes'),
    resizeTimeout: duration(members.take('resizeTimeout')),
    nodeDeallocationOption: members.take('nodeDeallocationOption'),
  })
  return Object.keys(fixedScale).length > 0 ? { scaleSettings: { fixedScale } } : {}
}

function communication(members: Members): Bag {
  const isEnabled = members.switch('enableInterNodeCommunication') ?? members.switch('interComputeNodeCommunicationEnabled')
  return isEnabled === undefined ? {} : { interNodeCommunication: isEnabled ? 'Enabled' : 'Disabled' }
}

/** A .NET `TimeSpan` as PowerShell writes it. */
function duration(value: unknown): unknown {
  const ticks = isBag(value) ? new Members(value).take('ticks') : undefined
  return typeof ticks === 'number' ? `PT${Math.round(ticks / 10_000_000)}S` : value
}

const present = (bag: Bag): Bag => Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined))

/** Where a part of the translated pool was before: a reader looks for it under its name in the file. */
const MOVED: readonly (readonly [RegExp, string])[] = [
  [/^deploymentConfiguration\./, ''],
  [/^scaleSettings\.fixedScale\.?/, ''],
  [/^scaleSettings\.autoScale\.formula/, 'autoScaleFormula'],
  [/^scaleSettings\.autoScale\.evaluationInterval/, 'autoScaleEvaluationInterval'],
]

export function dataPlanePath(path: string): string {
  return MOVED.reduce((shown, [pattern, name]) => shown.replace(pattern, name), path)
}
