/** The shipped roles suffice for every documented feature, and each of their entries is needed by one. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Assignment } from '../embedded-azure/arm/access-control.ts'
import { GROUP_ID, SUBSCRIPTION } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { type ActionRun, runAction } from '../tools/run-action.ts'
import { errorsOf } from './fault.ts'
import type { Feature } from './features.ts'
import type { Case } from './matrix.ts'
import { settle, startWorld } from './recording.ts'
import { differences, halfMade, stateOf, type WorldState } from './world-state.ts'

const FOLDER = path.join(import.meta.dirname, '../../.github/roles')
const roleOf = (name: string): Assignment['role'] => JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'))

/** As the README has them assigned. */
export const ROLES: readonly Assignment[] = [
  { role: roleOf('azure-batch-image-pool'), scope: GROUP_ID },
  { role: roleOf('azure-batch-image-pool-copy'), scope: GROUP_ID },
  { role: roleOf('azure-batch-image-pool-source'), scope: GROUP_ID },
  { role: roleOf('azure-batch-image-pool-restore-point'), scope: GROUP_ID },
  { role: roleOf('azure-batch-image-pool-subscription'), scope: `/subscriptions/${SUBSCRIPTION}` },
]

interface Done {
  readonly used: ReadonlySet<string>
  readonly state: WorldState
  readonly exitCodes: readonly number[]
  /** Log and summary of everything, the post step of the last run included. */
  readonly told: string
  readonly halfMade: readonly string[]
  readonly errors: string
}

export interface Recorded {
  readonly feature: Feature
  readonly asOwner: Done
}

export const recordFeature = async (feature: Feature): Promise<Recorded> => ({ feature, asOwner: await perform(feature) })

async function perform(feature: Feature, roles?: readonly Assignment[], entry?: string): Promise<Done> {
  const azure = await startWorld(roles ? { ...feature, scenario: { ...feature.scenario, roles } } : feature)
  try {
    feature.prepare?.(azure)
    const runs: ActionRun[] = []
    for (const [index, inputs] of feature.steps.entries()) {
      const isLast = index === feature.steps.length - 1
      const last = await runAction({
        azure,
        inputs,
        ...(entry && { entry }),
        ...(isLast && feature.isCancelled && { interrupt: whileResizing(azure) }),
      })
      runs.push(last)
      if (last.exitCode !== 0) break
    }
    const state = runs.at(-1)?.state ?? {}
    const post = await runAction({ azure, inputs: feature.steps[runs.length - 1] ?? {}, state })
    await settle(azure)
    const told = [...runs.flatMap(({ log, summary }) => [log, summary]), post.log].join('\n')
    return {
      used: new Set(azure.access.used),
      state: stateOf(azure),
      exitCodes: runs.map(({ exitCode }) => exitCode),
      told,
      halfMade: halfMade(azure),
      errors: runs.map(({ log }) => errorsOf(log)).join(' '),
    }
  } finally {
    await azure.close()
  }
}

/** Fires when the pool has begun to resize. */
function whileResizing(azure: EmbeddedAzure): AbortSignal {
  const cancel = new AbortController()
  azure.intervene = ({ method, url }) => {
    const isResizing = azure.pools.find('render')?.properties.allocationState === 'Resizing'
    if (method === 'GET' && /\/pools\/render\?/.test(url) && isResizing && !cancel.signal.aborted) {
      azure.clock.speed = 1
      cancel.abort()
    }
    return undefined
  }
  return cancel.signal
}

const entriesOf = ({ role }: Assignment): readonly string[] => [...role.Actions, ...(role.DataActions ?? [])]

/** With the shipped roles every feature ends as for an owner. */
export function sufficiencyCases(recorded: readonly Recorded[]): readonly Case[] {
  return recorded.map(({ feature, asOwner }) => ({
    name: feature.name,
    run: async () => {
      const done = await perform(feature, ROLES)
      const isSame = done.exitCodes.join() === asOwner.exitCodes.join()
      return [
        ...(isSame ? [] : [`ended with ${done.exitCodes}, not ${asOwner.exitCodes}: ${done.errors}`]),
        ...differences(asOwner.state, done.state),
      ]
    },
  }))
}

/** With it the preflight finds what is missing; without it Azure refuses. */
const FORESIGHT = 'Microsoft.Authorization/permissions/read'

/** Entries that no other role has: a feature that uses one of them needs this role. */
function ownEntriesOf(assignment: Assignment): ReadonlySet<string> {
  const others = new Set(ROLES.filter((one) => one !== assignment).flatMap(entriesOf))
  return new Set(entriesOf(assignment).filter((entry) => !others.has(entry)))
}

const uses = ({ asOwner }: Recorded, actions: ReadonlySet<string>): boolean => {
  const wanted = new Set([...actions].map((action) => action.toLowerCase()))
  return [...asOwner.used].some((used) => wanted.has(used.toLowerCase()))
}

/** Lists of the embedded Azure do not leave out what the identity may not read: nothing shows there that this entry is needed. */
const UNSEEN = 'Microsoft.Storage/storageAccounts/read'

/**
 * Each entry taken away, alone and with the foresight: the error names it, the scope and the command; nothing half-made is left untold.
 * Where several roles have it, all of them lose it, and the feature is one that needs the role that the case is about, or none of the
 * others.
 */
export function necessityCases(recorded: readonly Recorded[], bundle?: string): readonly Case[] {
  const taken = ROLES.flatMap((assignment) => entriesOf(assignment).map((action) => ({ assignment, action }))).filter(
    ({ action }) => action !== UNSEEN,
  )
  return taken.flatMap(({ assignment, action }) =>
    (action === FORESIGHT ? [[FORESIGHT]] : [[action], [action, FORESIGHT]]).map((actions) => ({
      name: `${assignment.role.Name} without ${actions.join(' and ')}`,
      run: async () => {
        const own = ownEntriesOf(assignment)
        const others = ROLES.filter((one) => one !== assignment && entriesOf(one).includes(action))
        const isForThis = (one: Recorded) => uses(one, own) || others.every((other) => !uses(one, ownEntriesOf(other)))
        const needing = recorded.filter((one) => uses(one, new Set([action])) && isForThis(one))
        const shortest = needing.toSorted((one, other) => one.asOwner.used.size - other.asOwner.used.size)[0]
        if (!shortest) return ['no documented feature needs it']
        const without = ROLES.map((one) => ({ ...one, role: withoutEntries(one.role, actions) }))
        const done = await perform(shortest.feature, without, bundle)
        const problems: string[] = []
        const name = action.replaceAll('.', '\\.')
        const refusal = new RegExp(`action '${name}'|\\(${name}\\)|lacks [^\\n]*${name}[, ]|role with ${name}:`, 'i')
        if (!refusal.test(done.told)) problems.push(`${shortest.feature.name}: nothing tells of the missing action: ${done.errors}`)
        if (!new RegExp(`az role assignment create .*--scope "/subscriptions/${SUBSCRIPTION}`).test(done.told))
          problems.push(`${shortest.feature.name}: no command: ${done.errors}`)
        problems.push(...done.halfMade.filter((id) => !done.told.includes(id)).map((id) => `${id} is left half-made and not told`))
        return problems
      },
    })),
  )
}

function withoutEntries(role: Assignment['role'], taken: readonly string[]): Assignment['role'] {
  const others = (entries: readonly string[] = []) => entries.filter((one) => !taken.includes(one))
  return { ...role, Actions: others(role.Actions), DataActions: others(role.DataActions) }
}
