/** `disk-encryption-sets`: the sets that encrypt the replicas of a version, by region and disk. */
import { regionName } from '../model/arm-id.ts'
import type { RegionEncryptionSet } from './config.ts'
import type { Group, Inputs } from './inputs.ts'

const INPUT = 'disk-encryption-sets'
const ALLOWED = 'region=<disk encryption set id> or region/LUN=<disk encryption set id>; LUN 0 to 63'

/** One `region=<id>` line for all disks of a region, `region/LUN=<id>` for one data disk. */
export function readEncryptionSets(inputs: Inputs, group: Group): readonly RegionEncryptionSet[] {
  const sets = inputs.pairs(INPUT, ALLOWED).flatMap(([place, set]): RegionEncryptionSet[] => {
    const [, name, lun] = /^([A-Za-z0-9 ]+?)\s*(?:\/\s*(\d{1,2}))?$/.exec(place) ?? []
    if (name === undefined || Number(lun ?? 0) > 63) {
      inputs.refuse(INPUT, 'has a line that names neither a region nor a data disk of one', ALLOWED, `${place}=${set}`)
      return []
    }
    const id = inputs.resourceOf(INPUT, set, 'Microsoft.Compute/diskEncryptionSets', group)
    return id ? [{ region: regionName(name), id, ...(lun !== undefined && { lun: Number(lun) }) }] : []
  })
  refuseRepeated(inputs, sets)
  refuseBareLuns(inputs, sets)
  return sets
}

const placeOf = ({ region, lun }: RegionEncryptionSet): string => (lun === undefined ? region : `${region}/${lun}`)

function refuseRepeated(inputs: Inputs, sets: readonly RegionEncryptionSet[]): void {
  const places = sets.map(placeOf)
  const repeated = new Set(places.filter((place, index) => places.indexOf(place) < index))
  for (const place of repeated) inputs.refuse(INPUT, 'has more than one line for the same disks', undefined, place)
}

/** Without a line for the region, its OS disk would have no set. */
function refuseBareLuns(inputs: Inputs, sets: readonly RegionEncryptionSet[]): void {
  const whole = new Set(sets.filter(({ lun }) => lun === undefined).map(({ region }) => region))
  const bare = new Set(sets.map(({ region }) => region).filter((region) => !whole.has(region)))
  for (const region of bare)
    inputs.refuse(INPUT, 'has a line for a data disk only; the region needs one of its own', `${region}=<id>`, region)
}
