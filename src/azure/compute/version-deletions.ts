/** Deletions of image versions, all of one definition followed by its list: a hundred questions become one. */
import { type ArmId, sameId } from '../../model/arm-id.ts'
import type { ImageVersion } from '../../model/compute.ts'
import type { Clock } from '../../run/runner.ts'
import type { FollowedOperation } from '../long-operation.ts'

/** A list serves all who ask within this time; every deletion asks later than that for the first time. */
const SHARED_MS = 10_000

type List = (definition: ArmId) => Promise<readonly ImageVersion[] | undefined>

export class VersionDeletions {
  readonly #list: List
  readonly #clock: Clock
  readonly #lists = new Map<string, { readonly atMs: number; readonly versions: ReturnType<List> }>()
  /** Versions of each definition whose deletion is in progress. */
  readonly #underWay = new Map<string, Set<ArmId>>()

  constructor(list: List, clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /**
   * The deletion of `id`. While others of the definition are under way too and the shared list says `Deleting`, it is in progress; how it
   * ended only the operation itself says.
   */
  follow(id: ArmId, operation: FollowedOperation): FollowedOperation {
    const definition = id.replace(/\/versions\/[^/]+$/i, '') as ArmId
    const underWay = this.#underWayIn(definition)
    if (!operation.isOver) underWay.add(id)
    return {
      get isOver() {
        return operation.isOver
      },
      get retryAfterS() {
        return operation.retryAfterS
      },
      output: () => operation.output(),
      poll: async () => {
        if (underWay.size > 1 && (await this.#isDeleting(id, definition))) return 'InProgress'
        let state: Awaited<ReturnType<FollowedOperation['poll']>> | undefined
        try {
          state = await operation.poll()
          return state
        } finally {
          if (state !== 'InProgress') underWay.delete(id)
        }
      },
    }
  }

  #underWayIn(definition: ArmId): Set<ArmId> {
    const key = definition.toLowerCase()
    const underWay = this.#underWay.get(key) ?? new Set()
    this.#underWay.set(key, underWay)
    return underWay
  }

  async #isDeleting(id: ArmId, definition: ArmId): Promise<boolean> {
    const versions = await this.#now(definition).catch(() => undefined)
    return versions?.some((one) => sameId(one.id, id) && one.provisioningState === 'Deleting') ?? false
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
