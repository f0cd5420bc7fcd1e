/** Plans that are refused before the first write. */
import type { Config } from '../config/config.ts'
import { ActionError } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import { nameOf } from '../model/arm-id.ts'
import { imageOf } from '../model/batch.ts'
import type { PoolPlan } from '../pool/pool-plan.ts'
import { nodesIn } from '../pool/size.ts'
import { describeUnreadable } from '../pool/unreadable.ts'
import { emit, type StepContext } from '../run/context.ts'
import { poolChanges } from './changes.ts'
import type { Plan } from './plan.ts'
import { differencesFrom, type PlanDifference, partOf } from './plan-id.ts'

/** Somebody approved another plan than the one that this run would carry out. */
export class PlanChangedError extends ActionError {
  constructor(differences: readonly string[]) {
    super({
      title: 'The plan is not the one that was approved',
      message: `${differences.join('\n')}\nNothing was changed.`,
      hint: 'Read the plan of this run. To carry it out, make a new plan (`mode: plan`) and have that one approved.',
    })
  }
}

/** @throws ActionError where the plan must not be carried out */
export function refusePlan(plan: Plan, config: Config): void {
  refuseUnapproved(plan, config)
  refuseOtherImages(plan, config)
  refuseUnsized(plan)
  refuseLostSecrets(plan)
}

/** `plan-id`: what was approved is what is done, or nothing is. */
export function refuseUnapproved(plan: Plan, config: Config): void {
  if (config.planId === undefined) return
  const differences = differencesFrom(config.planId, plan, config)
  if (differences.length > 0) throw new PlanChangedError(differences.map((difference) => wordsFor(difference, plan, config)))
}

function wordsFor({ part, aspects, kind }: PlanDifference, plan: Plan, config: Config): string {
  const now = `This run would: ${nowOf(part, plan, config)}.`
  switch (kind) {
    case 'changed':
      return `${part}: the ${aspects.join(' and the ')} changed since the approval. ${now}`
    case 'added':
      return `${part}: not in the approved plan. ${now}`
    case 'missing':
      return `${part}: in the approved plan, and not in this one.`
  }
}

/** What this run's plan has for a part. */
function nowOf(part: string, { image, pools }: Plan, config: Config): string {
  const { pool, image: settings } = config
  if (part === 'image')
    return image.kind === 'build' ? `build ${settings?.name ?? nameOf(image.id)} (${image.reason})` : `use ${image.id} (${image.reason})`
  if (part === 'retention') return `keep the newest ${settings?.retainVersions ?? 0} versions`
  if (part === 'pools') return `bring up ${pools.length} pools as its plan says`
  const index = (pool?.requests ?? []).findIndex((request) => partOf(request, config) === part)
  const changes = pools[index] ? poolChanges(pools[index]) : []
  return changes.length === 0 ? 'leave it as it is' : changes.map(({ verb, reason }) => `${verb} it (${reason})`).join(', ')
}

/** `strategy: fail`: a pool that is on the image already is welcome. */
function refuseOtherImages({ pools, image }: Plan, { pool }: Config): void {
  const refused = pool?.strategy === 'fail' ? pools.filter(({ action }) => action === 'reimage') : []
  if (refused.length === 0) return
  const seen = refused.map(({ request, existing, withheld }) =>
    withheld
      ? `pool ${request.id} is on the image, but differs from the request in ${withheld.join(', ')}, which needs a pool without nodes`
      : `pool ${request.id} is on ${existing ? imageOf(existing) : 'another image'}; it would move to ${image.id}`,
  )
  throw new PoolError({
    title: refused.every(({ withheld }) => withheld) ? 'Pool differs from the request' : 'Pool on another image',
    message: `${seen.join('; ')}, and \`strategy: fail\` is set. Nothing was changed`,
    hint: 'Choose another strategy, or another pool id.',
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-update-properties',
  })
}

/** A lost formula is not a size of 0: the pool would end without nodes, and green. */
function refuseUnsized({ pools }: Plan): void {
  const unsized = pools.filter(({ request, existing }) => request.sizeSource === 'existing' && existing)
  if (unsized.length === 0) return
  const seen = unsized.map(
    ({ request }) =>
      `pool ${request.id} lost its autoscale formula in an interrupted run; the formula was too long to be saved and is in the log of that run`,
  )
  throw new PoolError({
    title: 'Pool size not given',
    message: `${seen.join('; ')}. Nothing was changed`,
    hint: 'Give `target-dedicated-nodes` (0 makes a pool without nodes), or `scaleSettings` in `pool-spec`.',
    link: 'https://learn.microsoft.com/azure/batch/batch-automatic-scaling',
  })
}

/**
 * What people added to the pool with secrets cannot be repeated where the pool is put again, or where it is one property with the image. A
 * pool that works would continue without its registries, mounts, accounts or extensions, and nobody would see it in the health of its nodes.
 */
function refuseLostSecrets({ pools }: Plan): void {
  const losing = pools.flatMap(({ lost = [], existing, request }) =>
    lost.length > 0 ? [{ lost, name: existing?.name ?? request.id }] : [],
  )
  if (losing.length === 0) return
  const members = [...new Set(losing.flatMap(({ lost }) => lost))]
  throw new PoolError({
    title: 'Settings with secrets would be lost',
    message: `${losing
      .map(({ name, lost }) => `pool ${name} would lose ${lost.map(describeUnreadable).join(', and ')}`)
      .join('; ')}; \`pool-spec\` does not have ${members.length === 1 ? 'it' : 'them'}. Nothing was changed`,
    hint: `Put ${members.map(pathOf).join(' and ')} into \`pool-spec\`, with the secrets or, where Azure takes one, with \`identityReference\`; or set \`strategy: resize-only\`, which leaves the image.`,
    link: 'https://learn.microsoft.com/azure/batch/batch-pool-update-properties',
  })
}

const pathOf = (member: string): string => `\`${member.replace(/^vm\./, 'deploymentConfiguration.virtualMachineConfiguration.')}\``

/** https://learn.microsoft.com/azure/batch/batch-pool-update-properties */
const READ_BY_A_STARTING_NODE = new Set(['startTask', 'applicationPackages'])

/** Reports every requested change that this run does not make, or cannot see. */
export function warnOfWithheldChanges({ image, pools }: Plan, context: StepContext): void {
  if (image.kind === 'reuse' && image.isUncompared)
    emit(context, {
      kind: 'notice',
      level: 'info',
      text: `Version ${image.version} is reused, because the addresses of the VHDs are the same; their content is not compared. After a new upload to the same address, set \`rebuild: always\`.`,
    })
  for (const pool of pools) {
    for (const text of warningsOf(pool)) emit(context, { kind: 'notice', level: 'warning', text })
    if (pool.uncompared)
      emit(context, {
        kind: 'notice',
        level: 'info',
        text: `Pool ${pool.request.id}: the secrets in ${pool.uncompared.join(', ')} cannot be compared with those of the pool, because Azure does not give them back and no earlier run noted a fingerprint; they count as unchanged.`,
      })
  }
}

function warningsOf(pool: PoolPlan): readonly string[] {
  const { request, existing, withheld, stuck } = pool
  const late = pool.action === 'update' ? Object.keys(pool.properties).filter((name) => READ_BY_A_STARTING_NODE.has(name)) : []
  return [
    ...(existing && late.length > 0 && nodesIn(existing) > 0
      ? [
          `Pool ${request.id}: the change of ${late.join(', ')} applies to new, rebooted or reimaged nodes only; existing nodes stay as they are.`,
        ]
      : []),
    ...(stuck
      ? [
          `Pool ${request.id} keeps its ${stuck.join(', ')}, although the spec no longer has it: only a request that names the whole pool removes it, and Azure does not return the secrets that people added to this pool.`,
        ]
      : []),
    ...(withheld
      ? [
          `Pool ${request.id} keeps its ${withheld.join(', ')}: the requested change needs a pool without nodes, and \`strategy: resize-only\` does not drain it.`,
        ]
      : []),
  ]
}
