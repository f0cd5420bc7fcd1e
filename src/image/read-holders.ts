/** Reads whatever may refer to images: pools of every Batch account, virtual machines and scale sets that the identity can see. */
import { AzureError } from '../errors/azure-error.ts'
import { explain, explainInLine } from '../errors/explanation.ts'
import { type ArmId, childId, nameOf, partsOf, resourceGroupId, sameId } from '../model/arm-id.ts'
import type { RegionReplication } from '../model/compute.ts'
import type { StepContext } from '../run/context.ts'
import { type Holder, holdersOf, referencesOf, showHolder } from './references.ts'
import { completeRegions } from './standing.ts'

/** What the readers need; the post step has no more than this. */
export type ReferenceReaders = Pick<StepContext, 'arm' | 'batch'>

export interface ReferenceScope {
  /** The images, or what they are in: whatever is in their subscriptions is read. */
  readonly images: readonly ArmId[]
  /** Always read, whether Resource Manager lists them or not. */
  readonly accounts: readonly ArmId[]
}

/** Whoever may refer to images, and what could not be read to its end. */
export interface HolderReading {
  readonly holders: readonly Holder[]
  readonly unread: readonly string[]
}

const MACHINES = [
  { type: 'Microsoft.Compute/virtualMachines', apiVersion: '2024-07-01' },
  { type: 'Microsoft.Compute/virtualMachineScaleSets', apiVersion: '2024-07-01' },
] as const

/** Never throws for what Azure refuses: that is `unread`. */
export async function readHolders({ images, accounts }: ReferenceScope, readers: ReferenceReaders): Promise<HolderReading> {
  const own = [...images, ...accounts]
  const subscriptions = [...new Set(own.map((id) => partsOf(id).subscriptionId.toLowerCase()))]
  return joined(
    await Promise.all(
      subscriptions.flatMap((id) => [
        readPools(id, accounts, readers),
        ...MACHINES.map((kind) => readMachines({ subscriptionId: id, own, ...kind }, readers)),
      ]),
    ),
  )
}

async function readPools(subscriptionId: string, own: readonly ArmId[], { arm, batch }: ReferenceReaders): Promise<HolderReading> {
  return attempt('the list of Batch accounts', async () => {
    const found = await arm.find(subscriptionId, "resourceType eq 'Microsoft.Batch/batchAccounts'")
    const here = own.filter((id) => partsOf(id).subscriptionId.toLowerCase() === subscriptionId)
    const accounts = new Map([...found.map(({ id }) => id), ...here].map((id) => [id.toLowerCase(), id as ArmId]))
    return joined(
      await Promise.all(
        [...accounts.values()].map((account) =>
          attempt(`the pools of Batch account ${nameOf(account)}`, async () => {
            const pools = await batch.listPools(account)
            return { holders: pools.map((pool) => ({ id: pool.id, body: pool })), unread: [] }
          }),
        ),
      ),
    )
  })
}

/** Machines of one type in a subscription. */
interface MachineScope {
  readonly subscriptionId: string
  readonly type: string
  readonly apiVersion: string
  /** Resources in whose resource groups the run must be able to read everything. */
  readonly own: readonly ArmId[]
}

/** In other resource groups, the identity does not see what it may not read; such a list still counts as complete. */
async function readMachines({ subscriptionId, type, apiVersion, own }: MachineScope, { arm }: ReferenceReaders): Promise<HolderReading> {
  const name = nameOf(type)
  const isOwn = (group: ArmId) => own.some((id) => sameId(resourceGroupId(id), group))
  return attempt(`the list of ${name}`, async () => {
    const found = await arm.find(subscriptionId, `resourceType eq '${type}'`)
    const groups = new Map(found.map(({ id }) => [resourceGroupId(id as ArmId).toLowerCase(), resourceGroupId(id as ArmId)]))
    return joined(
      await Promise.all(
        [...groups.values()].map((group) =>
          attempt(`the ${name} of resource group ${nameOf(group)}`, async () => {
            const listed = arm.list(childId(group, 'providers', type), apiVersion)
            const machines = await (isOwn(group) ? listed : visible(listed))
            return { holders: (machines ?? []).map((body) => ({ id: String((body as { id?: unknown }).id), body })), unread: [] }
          }),
        ),
      ),
    )
  })
}

async function attempt(what: string, read: () => Promise<HolderReading>): Promise<HolderReading> {
  try {
    return await read()
  } catch (error) {
    return { holders: [], unread: [`${what} (${explainInLine(error)})`] }
  }
}

/** A list that Azure refuses or answers with 404 is not an empty list. */
export async function readList<T>(
  what: string,
  list: Promise<readonly T[] | undefined> | readonly T[],
): Promise<{ readonly items: readonly T[]; readonly unread: readonly string[] }> {
  try {
    const items = await list
    return items ? { items, unread: [] } : { items: [], unread: [`${what} (404)`] }
  } catch (error) {
    return { items: [], unread: [`${what} (${explain(error).message})`] }
  }
}

async function visible<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof AzureError && error.status === 403) return undefined
    throw error
  }
}

const joined = (readings: readonly HolderReading[]): HolderReading => ({
  holders: readings.flatMap(({ holders }) => holders),
  unread: readings.flatMap(({ unread }) => unread),
})

/**
 * Asked right before a failed image is deleted: why it must stay. `accounts` are read whatever their subscription. `undefined`: nothing needs
 * it, and everything could be read.
 */
export async function reasonNotToDelete(
  image: { readonly id: string; readonly replication?: readonly RegionReplication[] },
  accounts: readonly ArmId[],
  readers: ReferenceReaders,
): Promise<string | undefined> {
  const complete = completeRegions(image)
  if (complete.length > 0) return `has a complete replica in ${complete.join(', ')}`
  const { holders, unread } = await readHolders({ images: [image.id as ArmId], accounts }, readers)
  if (unread.length > 0) return `it is unknown what is in use (not readable: ${unread.join('; ')})`
  const users = holdersOf(referencesOf(holders), image)
  return users.length > 0 ? `is in use by ${users.map(showHolder).join(', ')}` : undefined
}
