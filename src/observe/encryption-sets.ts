/** The disk encryption sets that an image is to be encrypted with. */
import type { ImageSettings } from '../config/config.ts'
import type { ArmId } from '../model/arm-id.ts'
import type { StepContext } from '../run/context.ts'
import type { Observed } from './observed.ts'
import { visible } from './visible.ts'

/** By lower-case id, without those that the identity may not read. `undefined` where the input names none. */
export async function observeEncryptionSets(
  image: ImageSettings | undefined,
  { compute }: StepContext,
): Promise<Observed['encryptionSets']> {
  const ids = [...new Set((image?.encryptionSets ?? []).map(({ id }) => id.toLowerCase() as ArmId))]
  if (ids.length === 0) return undefined
  const read = ids.map(async (id) => visible(compute.getDiskEncryptionSet(id).then((set) => ({ id, set }))))
  const found = (await Promise.all(read)).filter((one) => one !== undefined)
  return new Map(found.map(({ id, set }) => [id, set]))
}
