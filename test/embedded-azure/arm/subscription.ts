/** Microsoft.Resources and what hangs on a scope: subscriptions, resource groups, locks, resources by name. */
import { type Call, Refusal, type Route } from '../route.ts'
import { REGION, SUBSCRIPTION, TENANT } from '../scenarios/scenario.ts'
import type { Resource } from '../world.ts'
import { type Arm, isWithin, page } from './resources.ts'

const RESOURCES = ['2019-11-01', '2020-01-01', '2021-04-01', '2022-12-01', '2024-11-01', '2025-04-01']
const PROVIDERS = [
  'Microsoft.Authorization',
  'Microsoft.Batch',
  'Microsoft.Compute',
  'Microsoft.KeyVault',
  'Microsoft.Network',
  'Microsoft.Resources',
]
const LOCKS = ['2016-09-01', '2020-05-01']

export function subscriptionRoutes(
  arm: Arm,
  {
    unregistered,
    listed,
    groups,
  }: { readonly unregistered: readonly string[]; readonly listed: readonly Resource[]; readonly groups: readonly string[] },
): readonly Route[] {
  const get = (path: string, action: string, body: (call: Call) => unknown, apiVersions: readonly string[] = RESOURCES): Route => ({
    method: 'GET',
    path,
    apiVersions,
    action,
    handle: (call) => ({ status: 200, body: body(call) }),
  })
  const subscription = (subscriptionId: string) => ({
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId: TENANT,
    displayName: 'Embedded Azure',
    state: 'Enabled',
  })
  const group = (id: string) => ({
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    type: 'Microsoft.Resources/resourceGroups',
    location: REGION,
    properties: { provisioningState: 'Succeeded' },
  })
  const subscriptions = [...new Set(groups.map((id) => id.split('/')[2] ?? ''))]
  const groupPath = '/subscriptions/:subscriptionId/resourceGroups/:resourceGroup'
  const resources = (call: Call) => {
    const asked = (field: string) => new RegExp(`\\b${field} eq '([^']+)'`, 'i').exec(call.query.get('$filter') ?? '')?.[1]?.toLowerCase()
    const [type, name, tagName, tagValue] = ['resourceType', 'name', 'tagName', 'tagValue'].map(asked)
    // Batch keeps the account itself; Resource Manager lists it as any other resource.
    const scope = call.path.replace(/\/resources$/i, '')
    const value = [...arm.world.all(), ...listed]
      .filter(({ id }) => isWithin(id, scope))
      .filter(({ tags = {}, ...resource }) => {
        const hasTag = Object.entries(tags).some(
          ([key, value]) => key.toLowerCase() === tagName && (!tagValue || value.toLowerCase() === tagValue),
        )
        return (!type || resource.type.toLowerCase() === type) && (!name || resource.name.toLowerCase() === name) && (!tagName || hasTag)
      })
      .map(({ id, name, type, location, tags, createdTime }) => ({ id, name, type, location, tags, createdTime }))
    return page(call, value).body
  }
  const tenant = { id: `/tenants/${TENANT}`, tenantId: TENANT, displayName: 'Embedded Azure' }
  const provider = ({ subscriptionId = '' }: Call['params'], namespace: string) => ({
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationState: subscriptionId.toLowerCase() === SUBSCRIPTION && isAmong(unregistered, namespace) ? 'NotRegistered' : 'Registered',
    resourceTypes: [],
  })
  return [
    get('/tenants', 'Microsoft.Resources/tenants/read', () => ({ value: [tenant] })),
    get('/subscriptions', 'Microsoft.Resources/subscriptions/read', () => ({ value: subscriptions.map(subscription) })),
    get('/subscriptions/:subscriptionId/providers', 'Microsoft.Resources/subscriptions/providers/read', ({ params }) => ({
      value: PROVIDERS.map((namespace) => provider(params, namespace)),
    })),
    get('/subscriptions/:subscriptionId/providers/:namespace', 'Microsoft.Resources/subscriptions/providers/read', ({ params }) =>
      provider(params, params.namespace ?? ''),
    ),
    get('/subscriptions/:subscriptionId/resourceGroups', 'Microsoft.Resources/subscriptions/resourceGroups/read', ({ params }) => ({
      value: groups.filter((id) => isWithin(id, `/subscriptions/${params.subscriptionId}`)).map(group),
    })),
    {
      method: 'HEAD',
      path: groupPath,
      apiVersions: RESOURCES,
      action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
      handle: () => ({ status: 204 }),
    },
    get(`${groupPath}/resources`, 'Microsoft.Resources/subscriptions/resourceGroups/resources/read', resources),
    get('/subscriptions/:subscriptionId', 'Microsoft.Resources/subscriptions/read', ({ params }) =>
      subscription(params.subscriptionId ?? ''),
    ),
    get(groupPath, 'Microsoft.Resources/subscriptions/resourceGroups/read', ({ path }) => group(path)),
    get('/subscriptions/:subscriptionId/resources', 'Microsoft.Resources/subscriptions/resources/read', resources),
    get(
      `${groupPath}/providers/Microsoft.Authorization/locks`,
      'Microsoft.Authorization/locks/read',
      ({ path }) => ({
        value: arm.world
          .all()
          .filter(({ id, type }) => type === 'Microsoft.Authorization/locks' && isWithin(id, path.replace(/\/providers\/.*$/i, ''))),
      }),
      LOCKS,
    ),
  ]
}

const isAmong = (names: readonly string[], name: string): boolean => names.some((one) => one.toLowerCase() === name.toLowerCase())

/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider */
export function refuseUnregistered(unregistered: readonly string[] = [], { method, path }: Pick<Call, 'method' | 'path'>): void {
  const [, namespace = ''] = /\/resourceGroups\/[^/]+\/providers\/([^/]+)\//i.exec(path) ?? []
  if (method === 'GET' || !isWithin(path, `/subscriptions/${SUBSCRIPTION}`) || !isAmong(unregistered, namespace)) return
  throw new Refusal(
    409,
    'MissingSubscriptionRegistration',
    `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`,
  )
}

/** A lock on the group or on the resource itself refuses the deletion of anything below. */
export function refuseLocked({ world }: Arm, { method, path }: Pick<Call, 'method' | 'path'>): void {
  if (method !== 'DELETE') return
  const lock = world
    .all()
    .find(
      ({ id, type }) =>
        type === 'Microsoft.Authorization/locks' &&
        path.toLowerCase().startsWith(id.toLowerCase().replace(/\/providers\/microsoft\.authorization\/locks\/.*$/, '')),
    )
  if (!lock) return
  throw new Refusal(
    409,
    'ScopeLocked',
    `The scope '${path}' cannot perform delete operation because following scope(s) are locked: '${lock.id.replace(/\/providers\/Microsoft\.Authorization\/.*$/i, '')}'. Please remove the lock and try again.`,
  )
}
