/** What the resource providers of the embedded Azure share: finding, creating and deleting resources as ARM does. */
import type { AzureClock } from '../clock/clock.ts'
import type { Durations } from '../clock/durations.ts'
import { type Answer, type Call, Refusal, type Route } from '../route.ts'
import { GROUP } from '../scenarios/scenario.ts'
import type { Resource, World } from '../world.ts'
import type { Lag, Manners } from './manners.ts'
import type { Operations, StartOptions } from './operations.ts'

export interface Arm {
  readonly world: World
  readonly operations: Operations
  readonly clock: AzureClock
  readonly durations: Durations
  readonly manners: Manners
  readonly lag: Lag
}

/** Routes of one provider in a resource group. */
export function routesOf(provider: string, apiVersions: readonly string[]) {
  return (method: Route['method'], path: string, action: string, handle: Route['handle']): Route => ({
    method,
    path: `/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/providers/${provider}${path}`,
    apiVersions,
    action: `${provider}/${action}`,
    handle,
  })
}

/** @throws Refusal `ResourceNotFound`, in ARM's words. */
export function found({ world, lag }: Arm, call: Call, id: string = call.path): Resource {
  const resource = world.get(id)
  if (resource && !lag.hides(id)) return resource
  const type = id.replace(/^.*\/providers\//i, '')
  throw new Refusal(
    404,
    'ResourceNotFound',
    `The Resource '${type}' under resource group '${GROUP}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    { headers: { 'x-ms-failure-cause': 'gateway' } },
  )
}

// biome-ignore lint/suspicious/noExplicitAny: a request body is whatever the client sent
export function required(container: any, name: string, prefix = ''): any {
  const value = container?.[name]
  if (value !== undefined && value !== null) return value
  const parameter = prefix ? `${prefix}.${name}` : name
  throw new Refusal(400, 'InvalidParameter', `Required parameter '${parameter}' is missing (null).`, { target: parameter })
}

export function parentOf({ world, lag }: Arm, call: Call, ending: RegExp): Resource {
  const id = call.path.replace(ending, '')
  const parent = world.get(id)
  if (parent && !lag.hides(id)) return parent
  throw new Refusal(
    404,
    'ParentResourceNotFound',
    `Failed to perform 'write' on resource(s) of type '${call.path.replace(/^.*\/providers\//i, '')}', because the parent resource '${id.replace(/^.*\/providers\//i, '')}' could not be found.`,
  )
}

/** A source that another resource is made of: it must be there, and here. */
export function sourceOf({ world }: Arm, id: string, location: string): Resource {
  const resource = world.get(id)
  if (!resource || resource.location !== location)
    throw new Refusal(404, 'NotFound', `Resource ${id.slice(id.lastIndexOf('/') + 1)} is not found.`)
  return resource
}

/** Whether an id is that of a scope, or of something in it. */
export const isWithin = (id: string, scope: string): boolean => `${id}/`.toLowerCase().startsWith(`${scope}/`.toLowerCase())

export const plainRegion = (name: string): string => name.toLowerCase().replaceAll(' ', '')

export interface Kind {
  /** E.g. `Microsoft.Compute/snapshots`. */
  readonly type: string
  readonly path: StartOptions['path']
  readonly provider?: string
  /** DiskRP: 202 `Updating`; ComputeRP: 201 `Creating`, or 200 `Updating` of what exists. */
  readonly isDiskRp?: boolean
  /** What PUT and DELETE ask for; DiskRP has its own. */
  readonly retryAfterS?: number
}

/** A resource without what this simulator notes beside it: when it was made (told by lists of all resources only), a VM's inner life, and the system inside a disk. */
export function shown({ createdTime: _createdTime, ...resource }: Resource): Resource {
  const {
    statuses: _statuses,
    extensions: _extensions,
    system: _system,
    replicas: _replicas,
    sourceGeneration: _sourceGeneration,
    commandUntilMs: _commandUntilMs,
    origin: _origin,
    ...properties
  } = resource.properties
  return { ...resource, properties } as Resource
}

/** A PUT: what the answer shows at once, and what comes at the end. A `Refusal` of `finish` fails the operation. */
export function create(
  { world, operations, clock, lag }: Arm,
  call: Call,
  { type, path, provider = 'Microsoft.Compute', isDiskRp = false, retryAfterS = isDiskRp ? 2 : 0 }: Kind,
  {
    afterMs,
    members = {},
    properties,
    finish,
  }: { afterMs: number; members?: object; properties: object; finish?: (resource: Resource) => void },
): Answer {
  const before = world.get(call.path)
  const location = plainRegion(String(required(call.body, 'location')))
  // https://github.com/MicrosoftDocs/azure-docs/issues/70422
  if (before && before.location !== location) {
    throw new Refusal(
      409,
      'InvalidResourceLocation',
      `The resource '${before.name}' already exists in location '${before.location}' in resource group '${GROUP}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
    )
  }
  const resource = world.put({
    id: call.path,
    name: call.path.slice(call.path.lastIndexOf('/') + 1),
    type,
    location,
    tags: call.body.tags ?? {},
    createdTime: before?.createdTime ?? clock.now().toISOString(),
    ...members,
    properties: { ...properties, provisioningState: isDiskRp || before ? 'Updating' : 'Creating' },
  })
  if (!before) lag.put(call.path)
  return operations.start(call, {
    path,
    provider,
    status: isDiskRp ? 202 : before ? 200 : 201,
    body: shown(structuredClone(resource)),
    hasLocation: isDiskRp,
    retryAfterS,
    afterMs,
    end: () => {
      // What was deleted or put again meanwhile is not ours to end.
      if (world.get(call.path) !== resource) return undefined
      try {
        finish?.(resource)
      } catch (error) {
        resource.properties.provisioningState = 'Failed'
        throw error
      }
      resource.properties.provisioningState = 'Succeeded'
      return isDiskRp ? shown(resource) : undefined
    },
  })
}

/** A PATCH of tags. */
export function retag(arm: Arm, { path, isDiskRp = false }: Kind, afterMs: number) {
  return (call: Call): Answer => {
    const resource = found(arm, call)
    if (call.body?.tags) resource.tags = call.body.tags
    return arm.operations.start(call, {
      path,
      status: isDiskRp ? 202 : 200,
      body: { ...shown(resource), properties: { ...shown(resource).properties, provisioningState: 'Updating' } },
      hasLocation: isDiskRp,
      ...(isDiskRp && { retryAfterS: 2 }),
      afterMs,
      end: () => (isDiskRp ? shown(resource) : undefined),
    })
  }
}

/** A DELETE; absent is 204, as ARM has it. */
export function remove(
  arm: Arm,
  { path, provider = 'Microsoft.Compute', retryAfterS = 0 }: Kind,
  afterMs: number,
  refuse?: (resource: Resource) => void,
) {
  return (call: Call): Answer => {
    const resource = arm.world.get(call.path)
    if (!resource) return { status: 204 }
    refuse?.(resource)
    resource.properties.provisioningState = 'Deleting'
    return arm.operations.start(call, {
      path,
      provider,
      status: 202,
      hasLocation: true,
      retryAfterS,
      afterMs,
      end: () => {
        if (arm.world.get(call.path) === resource) arm.world.delete(call.path)
      },
    })
  }
}

export const show =
  (arm: Arm) =>
  (call: Call): Answer => ({ status: 200, body: shown(found(arm, call)) })

export const list =
  ({ world }: Arm) =>
  (call: Call): Answer =>
    page(call, world.list(call.path).map(shown))

/** All of a type in the subscription. */
export const routeToAll = ({ world }: Arm, apiVersions: readonly string[], type: string): Route => ({
  method: 'GET',
  path: `/subscriptions/:subscriptionId/providers/${type}`,
  apiVersions,
  action: `${type}/read`,
  handle: (call) =>
    page(
      call,
      world
        .all()
        .filter((resource) => resource.type === type)
        .map(shown),
    ),
})

/** Long lists come in pages. How long Azure's are was not recorded; these are short, so that clients meet more than one. */
const PAGE = 50

export function page({ origin, path, query }: Call, all: readonly unknown[]): Answer {
  const from = Number(query.get('$skipToken') ?? 0)
  const next = new URLSearchParams(query)
  next.set('$skipToken', String(from + PAGE))
  return {
    status: 200,
    body: { value: all.slice(from, from + PAGE), ...(all.length > from + PAGE && { nextLink: `${origin}${path}?${next}` }) },
  }
}
