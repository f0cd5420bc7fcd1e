/** What image versions are made of, and what of it does not fit their definition. */
import { type Arm, required, sourceOf } from '../arm/resources.ts'
import { type Call, Refusal } from '../route.ts'
import type { Resource } from '../world.ts'
import { type Feature, isSecuredByDefault } from './definitions.ts'
import { refuseDiskKind, refuseVmDisks } from './disk-kinds.ts'
import { generationOf, vmHere } from './images.ts'

export interface VersionSource {
  readonly id: string
  readonly kind: 'disk' | 'vhd' | 'image' | 'vm'
  readonly hyperVGeneration?: string
  readonly securityType?: string
  /** Disks and blobs do not tell. */
  readonly osState?: 'Generalized' | 'Specialized'
}

export const isOtherSource = (before: Sources, sent: Sources | undefined): boolean =>
  [sent?.source?.id, sent?.source?.virtualMachineId, sent?.osDiskImage?.source?.id].some(
    (id) => id && ![before.source?.id, before.source?.virtualMachineId, before.osDiskImage?.source?.id].includes(id),
  )

interface Sources {
  readonly source?: { readonly id?: string; readonly virtualMachineId?: string }
  readonly osDiskImage?: { readonly source?: { readonly id?: string } }
}

export function checkOsState({ properties: { osState } }: Resource, { id, osState: found }: VersionSource): void {
  if (!found || found === osState) return
  throw new Refusal(
    400,
    'BadRequest',
    `The resource with id '${id}' has a different OS state ['${found}'] than the parent gallery image OS state ['${osState}'].`,
  )
}

// biome-ignore lint/suspicious/noExplicitAny: the storage profile is whatever the client sent
export function versionSource(arm: Arm, storageProfile: any, location: string): VersionSource {
  const { virtualMachineId, id } = storageProfile?.source ?? {}
  if (virtualMachineId) {
    const vm = vmHere(arm, virtualMachineId, location)
    refuseVmDisks(arm, vm)
    const osState = vm.properties.statuses.includes('OSState/generalized') ? 'Generalized' : 'Specialized'
    const { securityType } = vm.properties.securityProfile ?? {}
    return { id: vm.id, kind: 'vm', hyperVGeneration: generationOf(arm, vm), securityType, osState }
  }
  if (id) {
    const image = sourceOf(arm, id, location)
    const { hyperVGeneration, storageProfile: profile } = image.properties
    return { id, kind: 'image', hyperVGeneration, osState: profile?.osDisk?.osState }
  }
  const os = storageProfile?.osDiskImage?.source
  for (const { source } of storageProfile?.dataDiskImages ?? []) checkDisk(arm, source, location)
  const disk = checkDisk(arm, os, location)
  if (!disk) return { id: os.uri, kind: 'vhd' }
  const { hyperVGeneration, securityProfile } = disk.properties
  return { id: disk.id, kind: 'disk', hyperVGeneration, securityType: securityProfile?.securityType }
}

function checkDisk(
  arm: Arm,
  source: { id?: string; uri?: string; storageAccountId?: string } | undefined,
  location: string,
): Resource | undefined {
  if (source?.uri) {
    required(source, 'storageAccountId', 'storageProfile.osDiskImage.source')
    if (!/^https:\/\/[^?]+\.vhd$/i.test(source.uri))
      throw new Refusal(400, 'InvalidParameter', `The source blob URI '${source.uri.split('?')[0]}' is invalid.`)
    checkAccount(arm, source.uri, String(source.storageAccountId), location)
    return undefined
  }
  const disk = sourceOf(arm, required(source, 'id', 'storageProfile.osDiskImage.source'), location)
  refuseDiskKind(disk)
  return disk
}

/**
 * The account is the one that contains the blob, and where the image is. The words are [INFERRED].
 * https://learn.microsoft.com/rest/api/compute/gallery-image-versions/create-or-update#galleryimageversionfullsource
 */
function checkAccount({ world }: Arm, uri: string, accountId: string, location: string): void {
  const account = world.get(accountId)
  if (account?.location !== location || !new URL(uri).hostname.startsWith(`${account.name}.`.toLowerCase()))
    throw new Refusal(400, 'InvalidParameter', `The source blob '${uri}' is not in storage account '${accountId}' in ${location}.`)
}

/** The Trusted Launch matrix, in recorded words. */
export function checkSecurityType(call: Call, definition: Resource, { id, kind, securityType }: VersionSource): void {
  const features: readonly Feature[] = definition.properties.features ?? []
  const asked = features.find(({ name }) => name === 'SecurityType')?.value ?? 'Standard'
  const isSupported = /Supported$/.test(asked)
  if (isSupported && securityType) {
    throw new Refusal(
      409,
      'Conflict',
      `The source '${id}' contains TrustedLaunch or ConfidentialVM security data that cannot be used in image with '${asked}' security type. Please use either TrustedLaunch or ConfidentialVM security type.`,
    )
  }
  if (isSupported && (kind === 'disk' || kind === 'vm') && !isSecuredByDefault(call)) {
    throw new Refusal(
      409,
      'Conflict',
      `The security type '${asked}' is not supported for the source id '${id}'. Currently only Vhd Blob, User Image and Gallery Image Version sources are supported for '${asked}' images.`,
    )
  }
  if (securityType && asked !== securityType) {
    throw new Refusal(
      409,
      'Conflict',
      `The resource with id '${id}' has a different security type ['${securityType}'] than the parent gallery image security type ['${asked}'].`,
    )
  }
}
