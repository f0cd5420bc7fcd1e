/** Pure: what an image is made of, wherever its source comes from. */
import type { Source, VmSource } from '../config/config.ts'
import type { Generalization } from '../errors/silent-nodes.ts'
import { type ArmId, sameId } from '../model/arm-id.ts'
import type { AttachedDisk, Disk, ImageContent, ImageDisk, VirtualMachine } from '../model/compute.ts'
import { type ImageTraits, readImageTraits } from '../model/image-traits.ts'
import type { Observed } from '../observe/observed.ts'

/** A disk that this run takes a snapshot of. */
export interface CapturedDisk {
  readonly disk: 'os' | number
  readonly sourceId: string
  readonly caching: AttachedDisk['caching']
}

export interface SourceContent {
  /** ARM id, or URL of the OS disk's VHD. */
  readonly sourceId: string
  /** Where the disks are; images are made there. */
  readonly location: string
  readonly imageTraits: ImageTraits
  /** Empty where nothing needs a snapshot. */
  readonly captured: readonly CapturedDisk[]
  /** Of the data disks that the image will have. */
  readonly luns: readonly number[]
  /** Known before the run; absent where it is the snapshots that the run takes. */
  readonly content?: ImageContent
  /** What distinguishes this content from any other; equal identities mean equal disks. */
  readonly identity: unknown
  /** Its disks may change at any moment: it never counts as unchanged. */
  readonly isLive: boolean
}

/** `undefined` where something of the source does not exist; the preflight rules say what. */
export function sourceContent(source: Source, observed: Observed): SourceContent | undefined {
  switch (source.kind) {
    case 'vm':
      return ofVm(source, observed)
    case 'snapshots':
      return ofSnapshots(source, observed)
    case 'vhd':
      return ofVhd(source, observed)
    case 'managed-image':
      return ofImage(observed)
    case 'image-id':
    case 'none':
      return undefined
  }
}

/** Who guarantees that the system in the image is generalized. */
export function generalizationOf(source: Source): Generalization {
  if (source.kind !== 'vm') return 'unknown'
  return source.capture === 'copy' ? 'by-this-run' : 'vouched-for'
}

/** What is known of the image: from its source, or, where `image-id` is given, from the image itself. */
export function imageTraitsOf(content: SourceContent | undefined, { givenImage, definition }: Observed): ImageTraits | undefined {
  // For Azure and Batch, the definition counts, not what its disks could do.
  if (content) return definition ? { ...content.imageTraits, features: definition.features } : content.imageTraits
  if (givenImage?.kind === 'managed') return ofUnknownDisks(givenImage.image.osType, givenImage.image.hyperVGeneration, undefined)
  if (!givenImage) return undefined
  const { osType, hyperVGeneration, architecture, features, purchasePlan } = givenImage.definition
  return { osType, generation: hyperVGeneration, architecture, features, ...(purchasePlan && { purchasePlan }) }
}

/** VHDs and managed images have no further traits of their own: those of an existing definition count. */
function ofUnknownDisks(
  osType: ImageTraits['osType'] = 'Linux',
  generation: ImageTraits['generation'] = 'V1',
  definition: Observed['definition'],
): ImageTraits {
  const { SecurityType: security, ...features } = definition?.features ?? {}
  return {
    osType,
    generation,
    architecture: definition?.architecture ?? 'x64',
    // Neither carries security data: Azure accepts them for `…Supported` definitions and refuses them for the other secured ones.
    features: { ...features, ...(security?.endsWith('Supported') && { SecurityType: security }) },
    ...(definition?.purchasePlan && { purchasePlan: definition.purchasePlan }),
  }
}

function ofVm(source: VmSource, { vm: seen }: Observed): SourceContent | undefined {
  if (!seen) return undefined
  const { vm, disks } = seen
  const attached = [{ ...vm.osDisk, disk: 'os' as const }, ...vm.dataDisks.map((disk) => ({ ...disk, disk: disk.lun ?? 0 }))]
  const isItself = source.capture === 'generalized'
  // Whether `auto` chose the way or the user did, the content is the same.
  const { whyChosen: _why, ...vouched } = source
  return {
    sourceId: vm.id,
    location: vm.location,
    imageTraits: readImageTraits(vm, disks),
    luns: lunsOf(attached),
    captured: isItself ? [] : attached.map(({ disk, managedDiskId = '', caching }) => ({ disk, sourceId: managedDiskId, caching })),
    ...(isItself && { content: { kind: 'vm', id: vm.id as ArmId } }),
    identity: {
      ...vouched,
      id: source.id.toLowerCase(),
      vmId: vm.vmId,
      imageReference: vm.imageReference,
      plan: vm.plan,
      osCaching: vm.osDisk.caching,
      dataDisks: vm.dataDisks.map(({ lun, caching }) => ({ lun, caching })),
      disks: disks.map(diskIdentity),
    },
    isLive: source.capture !== 'generalized' && isUp(vm),
  }
}

function ofSnapshots({ disks }: Source & { kind: 'snapshots' }, { sourceSnapshots = [] }: Observed): SourceContent | undefined {
  const given = disks.map(({ disk, source }) => ({ disk, snapshot: sourceSnapshots.find(({ id }) => sameId(id, source)) }))
  const os = given.find(({ disk }) => disk === 'os')?.snapshot
  if (!os || given.some(({ snapshot }) => !snapshot)) return undefined
  const content = disksOf(disks.map(({ disk, source }) => ({ disk, source: { kind: 'snapshot', id: source as ArmId } })))
  return {
    sourceId: os.id,
    location: os.location,
    imageTraits: readImageTraits(undefined, [os]),
    captured: [],
    luns: lunsOf(disks),
    content,
    identity: { kind: 'snapshots', disks: given.map(({ disk, snapshot }) => [disk, snapshot && diskIdentity(snapshot)]) },
    isLive: false,
  }
}

function ofVhd(source: Source & { kind: 'vhd' }, { storageAccounts = [], definition }: Observed): SourceContent | undefined {
  const accountOf = (address: string) => storageAccounts.find(({ host }) => host === new URL(address).hostname.toLowerCase())
  const { disks, osType, hyperVGeneration } = source
  const os = disks.find(({ disk }) => disk === 'os')
  const account = os && accountOf(os.source)
  if (!account || disks.some(({ source: address }) => !accountOf(address))) return undefined
  return {
    sourceId: os.source,
    location: account.location,
    imageTraits: ofUnknownDisks(osType, hyperVGeneration, definition),
    captured: [],
    luns: lunsOf(disks),
    content: disksOf(
      disks.map(({ disk, source: uri }) => ({ disk, source: { kind: 'vhd', uri, storageAccountId: accountOf(uri)?.id as ArmId } })),
    ),
    // The content of a blob cannot be read with this action's permissions: its address stands for it.
    identity: source,
    isLive: false,
  }
}

function ofImage({ sourceImage, definition }: Observed): SourceContent | undefined {
  if (!sourceImage) return undefined
  const { id, location, osType, hyperVGeneration, sourceIds, luns, createdTime } = sourceImage
  return {
    sourceId: id,
    location,
    imageTraits: ofUnknownDisks(osType, hyperVGeneration, definition),
    captured: [],
    luns,
    content: { kind: 'image', id: id as ArmId },
    identity: { kind: 'managed-image', id: id.toLowerCase(), sourceIds, createdTime },
    isLive: false,
  }
}

const lunsOf = (disks: readonly { readonly disk: 'os' | number }[]): readonly number[] =>
  disks.flatMap(({ disk }) => (disk === 'os' ? [] : [disk]))

/** Content by disks, LUNs kept. */
export function disksOf(
  disks: readonly { readonly disk: 'os' | number; readonly source: ImageDisk['source']; readonly caching?: ImageDisk['caching'] }[],
): ImageContent {
  const os = disks.find(({ disk }) => disk === 'os')
  if (!os) throw new Error('an image needs an OS disk')
  return {
    kind: 'disks',
    osDisk: { source: os.source, caching: os.caching ?? 'ReadWrite' },
    dataDisks: disks.flatMap(({ disk, source, caching = 'None' }) => (disk === 'os' ? [] : [{ lun: disk, source, caching }])),
  }
}

/** Until it is stopped or deallocated, a VM may write to its disks: also while it is starting or stopping. */
export function isUp({ statuses }: VirtualMachine): boolean {
  return statuses.some((code) => /^PowerState\/(?!stopped$|deallocated$)/i.test(code))
}

/** Whether somebody, or something, is stopping the VM. */
export function isStopping({ statuses }: VirtualMachine): boolean {
  return statuses.some((code) => /^PowerState\/(?:stopping|deallocating)$/i.test(code))
}

/** A disk's unique id changes with its content's origin, its ownership time with every attach and start. */
const diskIdentity = ({ id, uniqueId, timeCreated, lastOwnershipUpdateTime, diskSizeGB }: Disk) => [
  id.toLowerCase(),
  uniqueId,
  timeCreated,
  lastOwnershipUpdateTime,
  diskSizeGB,
]
