/** Deletions of image versions, all of one definition followed by its list: a hundred questions become one. */
import { type ArmId, sameId } from '../../model/arm-id.ts'
import type { ImageVersion } from '../../model/compute.ts'
import type { Clock } from '../../run/runner.ts'
import type { FollowedOperation } from '../long-operation.ts'

/** A list serves all who ask within this time; every deletion asks later than that for the first time. */
const SHARED_MS = 10_000

type List = (definition: ArmId) => Promise<readonly ImageVersion[] | undefined>
type Listed = Pick<ImageVersion, 'provisioningState'>

export class VersionDeletions {
  readonly #list: List
  readonly #clock: Clock
  readonly #lists = new Map<string, { readonly atMs: number; readonly versions: ReturnType<List> }>()

  constructor(list: List, clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /** The deletion of `id`, over as soon as the list lacks it. Where the list says neither that nor `Deleting`, the operation itself is asked. */
  follow(id: ArmId, operation: FollowedOperation): FollowedOperation {
    return {
      get isOver() {
        return operation.isOver
      },
      get retryAfterS() {
        return operation.retryAfterS
      },
      output: () => operation.output(),
      poll: async () => {
        const seen = await this.#find(id)
        if (seen === 'gone') return 'Succeeded'
        return seen?.provisioningState === 'Deleting' ? 'InProgress' : operation.poll()
      },
    }
  }

  /** `undefined` where the list says nothing: it cannot be read, or is empty, which an answer may be by mistake. */
  async #find(id: ArmId): Promise<Listed | 'gone' | undefined> {
    const versions = await this.#now(id.replace(/\/versions\/[^/]+$/i, '') as ArmId).catch(() => undefined)
    if (!versions || versions.length === 0) return undefined
    return versions.find((one) => sameId(one.id, id)) ?? 'gone'
  }

  #now(definition: ArmId): ReturnType<List> {
    const key = definition.toLowerCase()
    const atMs = this.#clock.now().getTime()
    const last = this.#lists.get(key)
    if (last && atMs - last.atMs <= SHARED_MS) return last.versions
    const versions = this.#list(definition)
    this.#lists.set(key, { atMs, versions })
    return versions
  }
}
