/** The resources that a pool needs for its whole life, and which of them are gone. */
import { AzureError } from '../errors/azure-error.ts'
import { type ArmId, childId, nameOf, parseArmId, regionName, resourceGroupId } from '../model/arm-id.ts'
import type { BatchAccount, Pool } from '../model/batch.ts'
import { imageOf } from '../model/batch.ts'
import type { StepContext } from '../run/context.ts'

/** What is wrong with the resources that a pool needs; empty where nothing is. */
export async function faultsOf(pool: Pool, account: BatchAccount, context: StepContext): Promise<readonly Fault[]> {
  return (await Promise.all(needsOf(pool, account, context).map(lookAt))).flat()
}

/** Something that is wrong with a resource. */
export interface Fault {
  readonly words: string
  readonly isGone: boolean
}

const gone = (words: string): Fault => ({ words, isGone: true })
const unseen = (words: string): Fault => ({ words, isGone: false })

/** A resource that must exist for the whole life of a pool. */
interface Need {
  /** E.g. `image version`. */
  readonly what: string
  readonly id: string
  /** What is wrong with it; `undefined` where it does not exist. */
  readonly look: () => Promise<readonly Fault[] | undefined>
  /** Looked at first; if it is missing, nothing else is looked at. */
  readonly parent?: Need
}

async function lookAt({ what, id, look, parent }: Need): Promise<readonly Fault[]> {
  const above = parent ? await lookAt(parent) : []
  if (above.length > 0) return above
  try {
    return (await look()) ?? [gone(`${what} ${id} does not exist`)]
  } catch (error) {
    if (!(error instanceof AzureError)) return [unseen(`${what} ${id} could not be looked at`)]
    if (error.status !== 403) return [unseen(`${what} ${id} could not be looked at (${error.code})`)]
    const action = /action '([^']+)'/.exec(error.message)?.[1]
    return [
      unseen(
        `${what} ${id} cannot be read by this identity, so it may be there or not${action ? ` (${action})` : ''}. ${error.explanation.hint}`,
      ),
    ]
  }
}

const NETWORK_API_VERSION = '2024-05-01'
const IDENTITY_API_VERSION = '2023-01-31'
const VAULT_API_VERSION = '2023-07-01'

/** Every resource that the pool needs, and how to look at it. */
function needsOf({ identity, ...pool }: Pool, account: BatchAccount, context: StepContext): readonly Need[] {
  const { subnetId, publicIPAddressConfiguration } = pool.properties.networkConfiguration ?? {}
  const vault = account.poolAllocationMode === 'UserSubscription' ? account.keyVaultReference?.id : undefined
  const any = (what: string, apiVersion: string, ids: readonly string[]): readonly Need[] =>
    ids.filter((id) => parseArmId(id)).map((id) => ({ what, id, look: async () => (await context.arm.get(id as ArmId, apiVersion)) && [] }))
  return [
    ...imageNeeds(imageOf(pool), account, context),
    ...any('subnet', NETWORK_API_VERSION, subnetId ? [subnetId] : []),
    ...any('public IP address', NETWORK_API_VERSION, publicIPAddressConfiguration?.ipAddressIds ?? []),
    ...any('managed identity', IDENTITY_API_VERSION, Object.keys(identity?.userAssignedIdentities ?? {})),
    ...any('key vault of the account', VAULT_API_VERSION, vault ? [vault] : []),
  ]
}

/** A gallery image with its gallery and definition, or a managed image with the snapshots that it was made from. */
function imageNeeds(image: string, { location }: BatchAccount, { compute }: StepContext): readonly Need[] {
  const parts = parseArmId(image)
  if (!parts) return []
  const id = image as ArmId
  if (!/galleries/i.test(parts.type)) {
    const managed = { what: 'managed image', id, look: async () => (await compute.getImage(id)) && [] }
    const snapshots = async (): Promise<readonly Fault[]> => {
      const sources = (await compute.getImage(id))?.sourceIds ?? []
      const looks = sources
        .filter((source) => /\/snapshots\//i.test(source))
        .map((source) => ({ what: 'its snapshot', id: source, look: async () => (await compute.getSnapshot(source as ArmId)) && [] }))
      return (await Promise.all(looks.map(lookAt))).flat()
    }
    return [{ what: 'managed image', id, look: snapshots, parent: managed }]
  }
  const [galleryName = '', definitionName = ''] = parts.names
  const galleryId = childId(resourceGroupId(id), 'providers/Microsoft.Compute/galleries', galleryName)
  const definitionId = childId(galleryId, 'images', definitionName)
  const gallery = { what: 'gallery', id: galleryId, look: async () => (await compute.getGallery(galleryId)) && [] }
  const definition = {
    what: 'image definition',
    id: definitionId,
    look: async () => (await compute.getImageDefinition(definitionId)) && [],
    parent: gallery,
  }
  if (!/versions$/i.test(parts.type)) return [definition]
  const version = async (): Promise<readonly Fault[] | undefined> => {
    const found = await compute.getImageVersion(id)
    if (!found) return undefined
    const isThere = found.targetRegions.some(({ name }) => regionName(name) === regionName(location))
    const replica = found.replication.find(({ region }) => regionName(region) === regionName(location))
    return [
      ...(/^(?:Failed|Deleting)$/i.test(found.provisioningState)
        ? [gone(`image version ${nameOf(id)} is ${found.provisioningState}`)]
        : []),
      ...(isThere ? [] : [gone(`image version ${nameOf(id)} has no replica in ${location}, where the account is`)]),
      ...(replica?.state === 'Failed' ? [gone(`the replica of image version ${nameOf(id)} in ${location} failed`)] : []),
    ]
  }
  return [{ what: 'image version', id, look: version, parent: definition }]
}
