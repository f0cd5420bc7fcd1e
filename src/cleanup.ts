import { explain } from './errors/explanation.ts'
import { TAGS } from './image/tags.ts'
import { temporaryApiVersion } from './image/temporary.ts'
import type { Arm } from './model/arm.ts'
import type { ArmId } from './model/arm-id.ts'
import type { Batch } from './model/batch.ts'
import type { Compute } from './model/compute.ts'
import { provenBy } from './pool/proof-plan.ts'
import type { LeftBehind } from './report/run-report.ts'
import type { Ledger, LedgerEntry } from './run/runner.ts'

/** What cleaning up needs, within the time that the runner gives a post step. */
export interface CleanupPorts {
  readonly arm: Arm
  readonly compute: Compute
  readonly batch: Batch
  readonly ledger: Ledger
  readonly signal: AbortSignal
  readonly info: (text: string) => void
}

/**
 * Goes through the ledger backwards: starts a stopped VM again, deletes failed snapshots and versions, and keeps what is complete for the
 * next run. Returns what could not be cleaned up; never throws.
 */
export async function cleanUp(ports: CleanupPorts): Promise<readonly LeftBehind[]> {
  const left: LeftBehind[] = []
  for (const entry of ports.ledger.open().toReversed()) {
    try {
      await cleanUpEntry(entry, ports)
    } catch (error) {
      left.push({ id: entry.id, kind: entry.kind, why: explain(error).message, command: commandFor(entry) })
    }
  }
  return left
}

async function cleanUpEntry({ id, kind }: LedgerEntry, { arm, compute, batch, ledger, signal, info }: CleanupPorts): Promise<void> {
  const armId = id as ArmId
  switch (kind) {
    case 'startVm':
      info(`starting ${id} again`)
      await compute.startVm(armId, signal)
      // A tag that stays does no harm: the next run finds the VM running and removes it.
      await arm.tag({ id: armId, operation: 'Delete', tags: { [TAGS.restart]: '' } }, signal).catch(() => undefined)
      break
    case 'snapshot': {
      const snapshot = await compute.getSnapshot(armId)
      if (snapshot && snapshot.provisioningState === 'Failed') {
        info(`deleting failed snapshot ${id}`)
        await compute.deleteSnapshot(armId, signal)
      }
      break
    }
    case 'imageVersion': {
      const version = await compute.getImageVersion(armId)
      if (version?.provisioningState === 'Failed') {
        info(`deleting failed image version ${id}`)
        await compute.deleteImageVersion(armId, signal)
      }
      break
    }
    case 'image': {
      const image = await compute.getImage(armId)
      if (image?.provisioningState === 'Failed') {
        info(`deleting failed managed image ${id}`)
        await compute.deleteImage(armId, signal)
      }
      break
    }
    case 'temporary': {
      const apiVersion = temporaryApiVersion(id)
      info(`deleting temporary resource ${id}`)
      if (apiVersion) await arm.delete(armId, apiVersion, signal)
      break
    }
    case 'proofPool': {
      const pool = await batch.getPool(armId)
      if (pool && provenBy(pool) !== undefined) {
        info(`deleting proof pool ${id}`)
        await batch.deletePool(armId, signal)
      }
      break
    }
    case 'pool':
    case 'gallery':
    case 'imageDefinition':
      break
  }
  ledger.settle(id)
}

/** A command for cleaning up by hand. */
export function commandFor({ id, kind }: LedgerEntry): string {
  return kind === 'startVm' ? `az vm start --ids "${id}"` : `az resource delete --ids "${id}"`
}
