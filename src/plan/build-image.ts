/** Captures and publishes the image. If somebody else makes the same version meanwhile, the run tries again with the next number. */
import { capture } from '../image/capture.ts'
import { confirmReplica } from '../image/confirm-replica.ts'
import type { BuildPlan, SnapshotReport } from '../image/image-plan.ts'
import type { ImageQuestion } from '../image/plan-image.ts'
import { publish } from '../image/publish.ts'
import { startingAfter, startOwed } from '../image/restart.ts'
import { sourceContent } from '../image/source.ts'
import { VersionTakenError } from '../image/taken.ts'
import { updateVersion } from '../image/update-version.ts'
import { isImageVersion } from '../model/arm-id.ts'
import type { RegionReplication } from '../model/compute.ts'
import { observe } from '../observe/observe.ts'
import { observeForChanges } from '../observe/observe-for-changes.ts'
import { observedAcross } from '../observe/observed.ts'
import { emit, phase, type StepContext } from '../run/context.ts'
import { allSideBySide } from '../run/side-by-side.ts'
import { imageFor, type Plan, planRun } from './plan.ts'

/** What is known of the image so far; a failure keeps all of it. */
export interface ImageProgress {
  plan?: Plan
  snapshots: readonly SnapshotReport[]
  /** Absent until the image is published. */
  replication?: readonly RegionReplication[]
}

/** After so many collisions, somebody has to look into it. */
const MOST_NUMBERS = 3
/** Two runs that lost to each other must not meet at the next number. */
const LONGEST_PAUSE_MS = 30_000

/** @throws VersionTakenError where the number was requested, or after three collisions */
export async function buildImage(question: ImageQuestion, plan: Plan, progress: ImageProgress, context: StepContext): Promise<void> {
  const { image, owedStart } = plan
  if (image.kind !== 'build') {
    if (owedStart) await startOwed(owedStart, context)
    if (image.kind === 'reuse' && image.update) await phase(context, 'publish', () => updateVersion(image, context))
    return confirmTaken(question, plan, context)
  }
  try {
    const underWay = await captureAll(image, plan, progress, context)
    const publishing = async () => {
      progress.replication = await publish(image, context)
    }
    // The version is made from the snapshots: what they were taken of may go, or start, meanwhile.
    await phase(context, 'publish', () => allSideBySide([publishing, ...underWay.map((one) => () => one)], (begin) => begin()))
  } catch (error) {
    const avoid = [...(question.avoid ?? []), ...(error instanceof VersionTakenError ? [error.version] : [])]
    const isAuto = question.config.image?.version === 'auto'
    if (!(error instanceof VersionTakenError) || !isAuto || avoid.length >= MOST_NUMBERS) throw error
    emit(context, { kind: 'notice', level: 'warning', text: `${error.message}. This run continues with the next number.` })
    await context.clock.sleep(context.random() * LONGEST_PAUSE_MS, context.signal)
    await again({ ...question, avoid }, progress, context)
  }
}

/**
 * Waits until nodes can start from an existing version: until then, no pool is touched. With several accounts, each waits for its own
 * region.
 */
async function confirmTaken({ config, observed: { accounts } }: ImageQuestion, plan: Plan, context: StepContext): Promise<void> {
  const { image, pools } = plan
  const settings = config.pool
  const [{ account } = {}, ...others] = accounts
  if (!settings || !account || others.length > 0 || !isImageVersion(image.id)) return
  const isAwaited = pools.some((pool, index) => pool.action !== 'none' && imageFor(pool, index, plan, settings) === image.id)
  if (isAwaited) await confirmReplica({ id: image.id, region: account.location, isOwn: image.kind === 'reuse' }, context)
}

async function again(question: ImageQuestion, progress: ImageProgress, context: StepContext): Promise<void> {
  const { config } = question
  const observed = await phase(context, 'observe', async () => observeForChanges(config, await observe(config, context), context))
  const now = { ...question, observed, content: sourceContent(config.source, observedAcross(observed)) }
  const plan = await phase(context, 'plan', async () => {
    const made = planRun(now)
    emit(context, { kind: 'planned', changes: made.changes })
    return made
  })
  progress.plan = plan
  await buildImage(now, plan, progress, context)
}

/** A script needs a running VM; everything else works with the VM as it is. Returns what is still in progress. */
async function captureAll(
  image: BuildPlan,
  { owedStart }: Plan,
  progress: ImageProgress,
  context: StepContext,
): Promise<readonly Promise<void>[]> {
  const all = async () => {
    const { captured, finished } = await phase(context, 'capture', () => capture(image, context))
    progress.snapshots = captured
    return [finished]
  }
  if (owedStart && image.prepare) await startOwed(owedStart, context)
  const startsItself = image.deallocate !== undefined && image.snapshots.some(({ exists }) => !exists)
  if (!owedStart || startsItself) return all()
  const { captured: underWay, finished: started } = await startingAfter(owedStart, context, all)
  return [...underWay, started]
}
