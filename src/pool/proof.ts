import type { PoolSettings } from '../config/config.ts'
import { AzureError } from '../errors/azure-error.ts'
import { type Explanation, explain, explainInLine } from '../errors/explanation.ts'
import { PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import { totalOf } from '../model/nodes.ts'
import { emit, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import type { Verdict } from './health-gate.ts'
import { GateError } from './pass-gate.ts'
import { deletePool, waitUntilGone } from './pool-lifecycle.ts'
import type { ProofPlan } from './proof-plan.ts'
import { isProofOfRun, provenBy, runTokenOf } from './proof-pools.ts'
import { PoolRollout } from './rollout.ts'
import { removeSmokeJob } from './smoke-test.ts'

/** The outcome of a proof. */
export type ProofOutcome = { readonly plan: ProofPlan } & (
  | { readonly result: 'healthy'; readonly verdict: Verdict; readonly error?: undefined }
  | { readonly result: 'failed'; readonly verdict?: Verdict; readonly error: Explanation }
  /** A quota left no room, and the run continues without the proof. */
  | { readonly result: 'no-room'; readonly verdict?: undefined; readonly error: Explanation }
)

/** A proof in progress. */
export interface Proof {
  readonly plan: ProofPlan
  /** Rejects only where the run is over. */
  readonly outcome: Promise<ProofOutcome>
  /** Resolves when the proof pool is gone, or is left to the post step. */
  readonly ended: Promise<void>
}

/** A proof to be carried out. */
export interface ProofWork {
  readonly plan: ProofPlan
  readonly account: BatchAccount
  readonly settings: PoolSettings
  /** Resolves once the proof pools of earlier runs are gone. */
  readonly swept: Promise<void>
}

/** Creates the proof pool once `swept` has resolved, and deletes it as soon as the proof has an outcome. */
export function startProof(work: ProofWork, context: StepContext): Proof {
  const { plan, swept } = work
  const outcome = swept.then(() => prove(work, context))
  const ended = outcome.then(
    () => remove(plan, context),
    () => undefined,
  )
  return { plan, outcome, ended }
}

/** @returns the outcome, also of a failure. @throws the reason of the signal, if the run ends */
async function prove(work: ProofWork, context: StepContext): Promise<ProofOutcome> {
  const { plan } = work
  let healthy: Verdict | undefined
  try {
    await create(plan, context)
    const rollout = rolloutOf(work, context)
    rollout.resizer.editor.expectVisible()
    healthy = await rollout.gate(await rollout.follow('own-resize'), plan.target)
    const verdict = await rollout.smokeTest(healthy, totalOf(plan.target))
    return ended({ plan, result: 'healthy', verdict }, context)
  } catch (error) {
    if (context.signal.aborted) throw error
    const explanation = explain(error)
    if (error instanceof GateError)
      return ended({ plan, result: 'failed', verdict: error.verdict, error: withHint(explanation, UNTOUCHED) }, context)
    // A smoke test that could not be made, e.g. because of the quota of jobs, is not a lack of room for the proof.
    if (healthy) return ended({ plan, result: 'failed', verdict: healthy, error: withHint(explanation, UNTOUCHED) }, context)
    if (plan.isOptional && isOfQuota(explanation)) return ended({ plan, result: 'no-room', error: explanation }, context)
    return ended({ plan, result: 'failed', error: withHint(explanation, `${UNTOUCHED} ${WITHOUT}`) }, context)
  }
}

const UNTOUCHED = 'No node of the pool itself was touched.'
const WITHOUT = 'If no additional node can be allocated beside the pool, `canary-nodes: 0` skips this proof.'

const withHint = (explanation: Explanation, more: string): Explanation => ({ ...explanation, hint: `${explanation.hint} ${more}` })

/**
 * Whether a quota of cores or pools is the reason: by Batch's own codes, or in user subscription mode by the compute provider's message.
 * https://learn.microsoft.com/azure/batch/batch-quota-limit, https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota
 */
const isOfQuota = ({ code = '', message }: Explanation): boolean =>
  /quota/i.test(code) || (/OperationNotAllowed/i.test(code) && /exceeding approved .* quota/is.test(message))

function ended(outcome: ProofOutcome, context: StepContext): ProofOutcome {
  const { plan, result, error } = outcome
  const { name, proves, target } = plan
  emit(context, { kind: 'proof-ended', pool: name, proves, target, result, ...(error && { reason: error.message }) })
  return outcome
}

/** The rollout of the proof pool: with the run's settings, except that every node must be healthy, because these few are the only evidence. */
function rolloutOf({ plan, account, settings }: ProofWork, context: StepContext): PoolRollout {
  const { id, name, properties, envelope, target, resizeTimeout, generalization } = plan
  const imageId = properties.deploymentConfiguration?.virtualMachineConfiguration?.imageReference?.id
  const request = { id: name, properties, target, resizeTimeout, autoScale: false, sizeSource: 'requested' as const, ...envelope }
  const strict = {
    ...settings,
    minHealthyPercentage: 100,
    minHealthySpotPercentage: 100,
    canaryNodes: 0,
    wait: settings.wait === 'steady' ? settings.wait : ('nodes' as const),
  }
  return new PoolRollout(
    {
      plan: { id, request, action: 'create', properties, envelope, marks: {}, removed: [], ...(generalization && { generalization }) },
      account,
      settings: strict,
      ...(imageId && { imageId }),
    },
    context,
  )
}

/** Creates the proof pool. If this run cannot delete it, the post step does. */
async function create({ id, name, properties, envelope, ...plan }: ProofPlan, context: StepContext): Promise<void> {
  const runToken = runTokenOf({ properties })
  await waitUntilGone({ id, name }, context)
  context.ledger.record({ id, kind: 'proofPool' })
  emit(context, { kind: 'resource', change: 'creating', type: 'pool', id, detail: `proof of the image for ${plan.proves.join(', ')}` })
  try {
    await context.batch.createPool(id, properties, envelope)
  } catch (error) {
    // A lost answer makes the next attempt fail, because the pool exists by then.
    if (!(error instanceof AzureError) || (error.status !== 409 && error.status !== 412)) throw error
    const pool = await context.batch.getPool(id)
    if (!pool) throw error
    if (!isProofOfRun(pool, runToken)) throw takenMeanwhile(pool)
  }
  emit(context, { kind: 'resource', change: 'created', type: 'pool', id })
}

function takenMeanwhile(pool: Pool): PoolError {
  const isProof = provenBy(pool) !== undefined
  return new PoolError({
    title: 'Proof pool is taken',
    message: `pool ${pool.name} was made meanwhile, ${isProof ? 'by another run' : 'not by this action'}, on ${imageOf(pool)}`,
    hint: 'Let only one run at a time refresh a pool, e.g. by a `concurrency` group of the workflow.',
    link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
  })
}

/** Never throws: a pool that could not be deleted stays in the ledger, and is reported. */
async function remove({ id, name, properties }: ProofPlan, context: StepContext): Promise<void> {
  try {
    await removeProof(id, (pool) => isProofOfRun(pool, runTokenOf({ properties })), context)
  } catch (error) {
    if (context.signal.aborted) return
    const text = `Proof pool ${name} could not be deleted: ${explainInLine(error)} The post step or the next run deletes it.`
    emit(context, { kind: 'notice', level: 'warning', text })
  }
}

/** Deletes the pool if `isOurs` says so of its present state; another pool of that name is left alone. */
async function removeProof(id: ArmId, isOurs: (pool: Pool) => boolean, context: StepContext): Promise<void> {
  const pool = await context.batch.getPool(id)
  if (pool && isOurs(pool)) await deletePool({ pool }, context)
  context.ledger.settle(id)
}

/**
 * Deletes proof pools of interrupted runs. A failure is reported; the next run tries again. @throws the reason of the signal, if the run
 * ends
 */
export async function sweepProofs(leftovers: readonly Pool[], account: BatchAccount, context: StepContext): Promise<void> {
  await allSideBySide(leftovers, async ({ id, name }) => {
    try {
      await removeSmokeJob(name, context.batch.dataPlane(account), context)
      await removeProof(id as ArmId, (pool) => provenBy(pool) !== undefined, context)
    } catch (error) {
      if (context.signal.aborted) throw error
      const text = `Proof pool ${name}, which an earlier run left behind, could not be deleted: ${explainInLine(error)}`
      emit(context, { kind: 'notice', level: 'warning', text })
    }
  })
}
