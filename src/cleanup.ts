import { explain } from './errors/explanation.ts'
import { type ReferenceReaders, reasonNotToDelete } from './image/read-holders.ts'
import { startUntilUp } from './image/restart.ts'
import { TAGS } from './image/tags.ts'
import { temporaryApiVersion } from './image/temporary.ts'
import { type ArmId, isImageVersion, nameOf, partsOf } from './model/arm-id.ts'
import type { Compute } from './model/compute.ts'
import { provenBy } from './pool/proof-pools.ts'
import { putBackSize } from './pool/put-back.ts'
import { restorePool } from './pool/replaced-pool.ts'
import { isSmokeJob, smokeJobAt } from './pool/smoke-test-plan.ts'
import type { LeftBehind } from './report/run-report.ts'
import type { Clock, Ledger, LedgerEntry, LedgerKind } from './run/runner.ts'

/** What cleaning up needs, within the time that the runner gives a post step. */
export interface CleanupPorts extends ReferenceReaders {
  readonly compute: Compute
  readonly ledger: Ledger
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly info: (text: string) => void
}

/** These need no cleanup: the next run continues with them. */
const NOTHING_OWED: ReadonlySet<LedgerKind> = new Set(['pool', 'gallery', 'imageDefinition'])

export const isOwed = ({ kind }: LedgerEntry): boolean => !NOTHING_OWED.has(kind)

/**
 * Goes through the ledger backwards: starts a stopped VM again, deletes failed snapshots and images that nothing needs, and keeps what is
 * complete for the next run. Returns what could not be cleaned up; never throws.
 */
export async function cleanUp(ports: CleanupPorts): Promise<readonly LeftBehind[]> {
  const left: LeftBehind[] = []
  for (const entry of ports.ledger.open().toReversed()) {
    try {
      await cleanUpEntry(entry, ports)
      ports.ledger.settle(entry.id)
    } catch (error) {
      left.push({ id: entry.id, kind: entry.kind, why: explain(error).message, command: commandFor(entry) })
    }
  }
  return left
}

async function cleanUpEntry(entry: LedgerEntry, ports: CleanupPorts): Promise<void> {
  const id = entry.id as ArmId
  switch (entry.kind) {
    case 'startVm':
      return startVm(id, ports)
    case 'snapshot':
      return deleteFailedSnapshot(id, ports)
    case 'imageVersion':
      return deleteFailedImage(entry, await ports.compute.getImageVersion(id), ports)
    case 'image':
      return deleteFailedImage(entry, await ports.compute.getImage(id), ports)
    case 'temporary':
      return deleteTemporary(id, ports)
    case 'proofPool':
      return deleteProofPool(id, ports)
    case 'poolSize':
      return putSizeBack(id, ports)
    case 'replacedPool':
      return makeAgain(entry, ports)
    case 'smokeTest':
      return deleteSmokeJob(entry.id, ports)
    case 'pool':
    case 'gallery':
    case 'imageDefinition':
      ports.info(`${entry.kind} ${id} stays for the next run`)
  }
}

async function startVm(id: ArmId, ports: CleanupPorts): Promise<void> {
  const { arm, signal, info } = ports
  info(`starting ${id} again`)
  await startUntilUp(id, ports)
  // A tag that stays does no harm: the next run finds the VM running and removes it.
  await arm.tag({ id, operation: 'Delete', tags: { [TAGS.restart]: '' } }, signal).catch(() => undefined)
}

async function deleteFailedSnapshot(id: ArmId, { compute, signal, info }: CleanupPorts): Promise<void> {
  const snapshot = await compute.getSnapshot(id)
  if (snapshot?.provisioningState !== 'Failed') return
  info(`deleting failed snapshot ${id}`)
  await compute.deleteSnapshot(id, signal)
}

/** A failed version may still work in some region, and something may run on it. */
async function deleteFailedImage(
  { id: entryId, accounts = [] }: LedgerEntry,
  image: { readonly id: string; readonly provisioningState: string } | undefined,
  ports: CleanupPorts,
): Promise<void> {
  const { compute, signal, info } = ports
  const id = entryId as ArmId
  if (image?.provisioningState !== 'Failed') return
  const reason = await reasonNotToDelete(image, accounts, ports)
  if (reason) return info(`${id} failed, and stays: it ${reason}`)
  info(`deleting failed image ${id}`)
  await (isImageVersion(id) ? compute.deleteImageVersion(id, signal) : compute.deleteImage(id, signal))
}

async function deleteTemporary(id: ArmId, { arm, signal, info }: CleanupPorts): Promise<void> {
  const apiVersion = temporaryApiVersion(id)
  info(`deleting temporary resource ${id}`)
  if (apiVersion) await arm.delete(id, apiVersion, signal)
}

/** Why an entry is still open when the run ends. */
export const whyLeft = (entry: LedgerEntry): string =>
  entry.kind === 'replacedPool'
    ? 'the run deleted it to replace it, and did not make it again'
    : isOwed(entry)
      ? 'the run ended before it was complete'
      : 'this run created it, and published nothing in it; the next run uses it'

async function deleteProofPool(id: ArmId, { batch, signal, info }: CleanupPorts): Promise<void> {
  const pool = await batch.getPool(id)
  if (!pool || provenBy(pool) === undefined) return
  info(`deleting proof pool ${id}`)
  await batch.deletePool(id, signal)
}

/** Gives a pool that was drained and has had no size since its former size back. */
async function putSizeBack(id: ArmId, ports: CleanupPorts): Promise<void> {
  const done = await putBackSize(id, ports)
  if (done) ports.info(done)
}

/** A pool that was deleted to be replaced. */
async function makeAgain(entry: LedgerEntry, ports: CleanupPorts): Promise<void> {
  const done = await restorePool(entry, ports)
  if (done) ports.info(done)
}

async function deleteSmokeJob(id: string, { batch, info }: CleanupPorts): Promise<void> {
  const { accountId, job } = smokeJobAt(id)
  const account = await batch.getAccount(accountId)
  const plane = account && batch.dataPlane(account)
  const found = await plane?.getJob(job)
  if (!plane || !found || !isSmokeJob(found)) return
  info(`deleting job ${job} of the smoke test`)
  await plane.deleteJob(job)
}

/** A command for cleaning up by hand. */
export function commandFor({ id, kind }: LedgerEntry): string {
  switch (kind) {
    case 'startVm':
      return `az vm start --ids "${id}"`
    case 'smokeTest': {
      const { accountId, job } = smokeJobAt(id)
      const { resourceGroup, names } = partsOf(accountId)
      return `az batch account login --name "${names[0]}" --resource-group "${resourceGroup}" && az batch job delete --job-id "${job}" --yes`
    }
    case 'replacedPool':
      return 'gh run rerun'
    case 'poolSize':
      return `az batch pool resize --pool-id "${nameOf(id)}" --target-dedicated-nodes <its former size>`
    default:
      return `az resource delete --ids "${id}"`
  }
}
