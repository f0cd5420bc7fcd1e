/** What hangs on any resource: the caller's permissions there, and tags on their own. */
import type { Call, Route } from '../route.ts'
import { GROUP_ID } from '../scenarios/scenario.ts'
import type { AccessControl } from './access-control.ts'
import { type Arm, found, shown } from './resources.ts'

const AUTHORIZATION = ['2022-04-01']
const TAGS = ['2021-04-01']
const GROUP_PATH = '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup'
const SCOPES = [
  GROUP_PATH,
  `${GROUP_PATH}/providers/Microsoft.Compute/virtualMachines/:name`,
  `${GROUP_PATH}/providers/Microsoft.Compute/galleries/:gallery`,
  `${GROUP_PATH}/providers/Microsoft.Compute/galleries/:gallery/images/:image`,
  `${GROUP_PATH}/providers/Microsoft.Compute/snapshots/:name`,
  `${GROUP_PATH}/providers/Microsoft.Compute/diskEncryptionSets/:name`,
  `${GROUP_PATH}/providers/Microsoft.Storage/storageAccounts/:name`,
  `${GROUP_PATH}/providers/Microsoft.Batch/batchAccounts/:account`,
]

export function authorizationRoutes(arm: Arm, access: AccessControl): readonly Route[] {
  return [
    ...SCOPES.map(
      (scope): Route => ({
        method: 'GET',
        path: `${scope}/providers/Microsoft.Authorization/permissions`,
        apiVersions: AUTHORIZATION,
        action: 'Microsoft.Authorization/permissions/read',
        handle: ({ path }) => ({
          status: 200,
          body: { value: access.permissionsAt(path.replace(/\/providers\/Microsoft\.Authorization\/permissions$/i, '')) },
        }),
      }),
    ),
    {
      method: 'PATCH',
      path: `${GROUP_PATH}/providers/Microsoft.Compute/virtualMachines/:name/providers/Microsoft.Resources/tags/default`,
      apiVersions: TAGS,
      action: 'Microsoft.Resources/tags/write',
      handle: (call: Call) => {
        const id = `${GROUP_ID}/providers/Microsoft.Compute/virtualMachines/${call.params.name}`
        const vm = found(arm, call, id)
        const { operation, properties } = call.body
        const kept = Object.entries(vm.tags ?? {}).filter(([name]) => operation === 'Merge' || !(name in properties.tags))
        vm.tags = { ...Object.fromEntries(kept), ...(operation === 'Merge' && properties.tags) }
        return {
          status: 200,
          body: { id: call.path, name: 'default', type: 'Microsoft.Resources/tags', properties: { tags: shown(vm).tags } },
        }
      },
    },
  ]
}
