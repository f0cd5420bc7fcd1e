/** Pure: the Marketplace image that the golden VM was made from, whether there is a newer version of it, and when its support ends. */
import type { SupportedImage } from '../model/batch-service.ts'
import type { VirtualMachine } from '../model/compute.ts'
import type { ImageDeprecationStatus, MarketplaceVersion } from '../model/marketplace.ts'
import { resolveNodeAgent } from '../pool/node-agent.ts'

export interface BaseImage {
  /** `publisher:offer:sku`. */
  readonly name: string
  /** The version that the VM was made from; absent where Azure does not say. */
  readonly version?: string
  /** The newest one in the region of the VM; absent where the list could not be read or is empty. */
  readonly newestVersion?: string
  /** Absent where one of the two is not known. Updates that were installed in the VM since are not looked at. */
  readonly isBehind?: boolean
  /** ISO 8601; absent where Batch names no day, or could not be asked. */
  readonly batchSupportEndOfLife?: string
  /** What its publisher has announced about the version; absent where nothing is. */
  readonly deprecation?: {
    readonly state: 'ScheduledForDeprecation' | 'Deprecated'
    /** ISO 8601. */
    readonly at?: string
    /** E.g. `offer ubuntu-26_04-lts`. */
    readonly alternative?: string
  }
}

interface Seen {
  readonly vm?: { readonly vm: VirtualMachine }
  readonly baseVersions?: readonly MarketplaceVersion[]
  readonly supportedImages?: readonly SupportedImage[]
}

/** `undefined` where nothing can be said: the source is not a VM, or the VM was not made from a Marketplace image. */
export function baseImageOf({ vm: seen, baseVersions = [], supportedImages = [] }: Seen): BaseImage | undefined {
  const { imageReference, exactVersion } = seen?.vm ?? {}
  const { publisher, offer, sku, version: named } = imageReference ?? {}
  if (!publisher || !offer || !sku) return undefined
  const version = exactVersion ?? (named && /^\d/.test(named) ? named : undefined)
  const newestVersion = baseVersions
    .map(({ name }) => name)
    .sort(byVersion)
    .at(-1)
  const { batchSupportEndOfLife } = resolveNodeAgent({ publisher, offer, sku }, supportedImages) ?? {}
  const deprecation = deprecationOf(baseVersions.find(({ name }) => name === version)?.properties?.imageDeprecationStatus)
  return {
    name: [publisher, offer, sku].join(':'),
    ...(version && { version }),
    ...(newestVersion && { newestVersion }),
    ...(version && newestVersion && { isBehind: byVersion(version, newestVersion) < 0 }),
    ...(batchSupportEndOfLife && { batchSupportEndOfLife }),
    ...(deprecation && { deprecation }),
  }
}

function deprecationOf({
  imageState,
  scheduledDeprecationTime: at,
  alternativeOption,
}: ImageDeprecationStatus = {}): BaseImage['deprecation'] {
  if (imageState !== 'ScheduledForDeprecation' && imageState !== 'Deprecated') return undefined
  const { type = 'None', value } = alternativeOption ?? {}
  return { state: imageState, ...(at && { at }), ...(type !== 'None' && value && { alternative: `${type.toLowerCase()} ${value}` }) }
}

/** Numbers between dots, of any length; the list of Azure has no order of its own. */
function byVersion(one: string, other: string): number {
  const [own, others] = [one, other].map((version) => version.split('.').map(Number)) as [number[], number[]]
  const differs = own.findIndex((part, index) => part !== others[index])
  return differs < 0 ? own.length - others.length : (own[differs] ?? 0) - (others[differs] ?? -1)
}
