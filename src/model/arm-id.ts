declare const brand: unique symbol

/** A well-formed Azure resource id: `/subscriptions/{id}/resourceGroups/{name}[/providers/{namespace}/{type}/{name}…]`. */
export type ArmId = string & { readonly [brand]: 'ArmId' }

export interface ArmIdParts {
  readonly subscriptionId: string
  readonly resourceGroup: string
  /** E.g. `Microsoft.Compute/galleries/images`; empty for a resource group. */
  readonly type: string
  /** Names from the outermost resource to the innermost, e.g. `[gallery, definition, version]`. */
  readonly names: readonly string[]
}

const GROUP = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)(?:\/providers\/([^/]+)\/(.+))?$/i

/** The parts of an id, or `undefined` where the text is not one. Azure compares ids without regard to case. */
export function parseArmId(text: string): ArmIdParts | undefined {
  const match = GROUP.exec(text.trim().replace(/\/+$/, ''))
  if (!match) return undefined
  const [, subscriptionId = '', resourceGroup = '', namespace, rest] = match
  if (namespace === undefined || rest === undefined) return { subscriptionId, resourceGroup, type: '', names: [] }
  const segments = rest.split('/')
  if (segments.length % 2 !== 0 || segments.includes('')) return undefined
  const types = segments.filter((_, index) => index % 2 === 0)
  const names = segments.filter((_, index) => index % 2 === 1)
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join('/'), names }
}

/** The id of these parts. `type` and `names` must have as many segments. */
export function armId(parts: ArmIdParts): ArmId {
  const { subscriptionId, resourceGroup, type, names } = parts
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`
  if (type === '') return group as ArmId
  const [namespace, ...types] = type.split('/')
  return `${group}/providers/${namespace}/${types.map((segment, index) => `${segment}/${names[index]}`).join('/')}` as ArmId
}

/** The parts of a well-formed id. @throws TypeError where it is not one after all */
export function partsOf(id: ArmId): ArmIdParts {
  const parts = parseArmId(id)
  if (!parts) throw new TypeError(`not an ARM id: ${id}`)
  return parts
}

/** The id of a child resource, e.g. `childId(account, 'pools', 'p1')`. */
export function childId(parent: ArmId, type: string, name: string): ArmId {
  return `${parent}/${type}/${name}` as ArmId
}

export function resourceGroupId(id: ArmId): ArmId {
  return armId({ ...partsOf(id), type: '', names: [] })
}

export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/**
 * The words that distinguish a resource from others of its type: its name, and where another one has the same name, its resource group
 * before it, and its subscription as well where that is not enough. Names of Batch accounts are unique in a region only.
 */
export function labelAmong(others: readonly ArmId[], id: ArmId): string {
  const pathOf = (one: ArmId) => {
    const { subscriptionId, resourceGroup, names } = partsOf(one)
    return [subscriptionId, resourceGroup, names.join('/')]
  }
  const labels = [2, 1].map((from) => ({ from, label: pathOf(id).slice(from).join('/') }))
  const isOwn = ({ from, label }: { readonly from: number; readonly label: string }) =>
    others.every((other) => sameId(other, id) || !sameId(pathOf(other).slice(from).join('/'), label))
  return labels.find(isOwn)?.label ?? pathOf(id).join('/')
}

/** Azure's ids are equal without regard to case. */
export function sameId(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one.toLowerCase() === other.toLowerCase()
}

/** Whether a resource is a part of `parent`, e.g. a pool of an account. */
export function isWithin(parent: string, id: string): boolean {
  return id.toLowerCase().startsWith(`${parent.toLowerCase()}/`)
}

/** A region as Azure spells it in ids: `West Europe` and `westeurope` are one. */
export function regionName(region: string): string {
  return region.replaceAll(' ', '').toLowerCase()
}

/** Whether this is the id of a gallery image version; otherwise it is that of a managed image. */
export const isImageVersion = (id: string): boolean => /\/versions\/[^/]+$/i.test(id)
