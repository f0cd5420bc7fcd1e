/** The counters that ARM and Compute send along; they only go down. */
import type { Route } from '../route.ts'

const GROUPS: readonly (readonly [RegExp, string, string])[] = [
  [/snapshots\/write$/, 'HighCostSnapshotCreateHydrate', '999;7999'],
  [/(?:snapshots|disks)\/delete$/, 'DeleteDisks', '2999;24999'],
  [/disks\/write$/, 'CreateUpdateDisks', '2999;24999'],
  [/(?:disks|snapshots|virtualMachines)\/read$/, 'LowCostGet', '14999;119999'],
  [/Compute\/images\/write$/, 'CreateImages', '59;299'],
  [/Compute\/images\/read$/, 'GetImages', '357;1787'],
  [/Compute\/images\/delete$/, 'DeleteImages', '149;749'],
  [/galleries\/.*write$/, 'CreateUpdateGalleryImageVersion', '149;749'],
  [/galleries\/.*read$/, 'GetGalleryImageVersion', '599;2999'],
  [/operations\/read$/i, 'GetOperation', '49999;399999'],
  [/deallocate\/action$/, 'DeleteVM', '239;1199'],
]
const LIMITS = { reads: 11_999, writes: 1_199, deletes: 14_999 }

export class RateLimits {
  readonly #used = { reads: 0, writes: 0, deletes: 0 }

  headersOf({ method, action }: Route): Record<string, string> {
    const kind = method === 'GET' || method === 'HEAD' ? 'reads' : method === 'DELETE' ? 'deletes' : 'writes'
    const remaining = LIMITS[kind] - this.#used[kind]
    this.#used[kind] += 1
    const [, group, limits = ''] = GROUPS.find(([pattern]) => pattern.test(action)) ?? []
    const [short, long] = limits.split(';')
    return {
      [`x-ms-ratelimit-remaining-subscription-${kind}`]: String(Math.max(0, remaining)),
      ...(group && {
        'x-ms-ratelimit-remaining-resource': `Microsoft.Compute/${group}3Min;${short},Microsoft.Compute/${group}30Min;${long}`,
      }),
    }
  }
}
