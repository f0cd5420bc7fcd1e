/** Nodes of the Batch service: their counts, states and files, and their removal. https://learn.microsoft.com/rest/api/batchservice/nodes */
import { type Call, Refusal, type Route } from '../route.ts'
import { page, route } from './data-plane-routes.ts'
import { affinityIdOf } from './jobs.ts'
import { DURATION_MS, type Node, type Pool } from './pool.ts'
import type { Pools } from './pools.ts'

/** https://learn.microsoft.com/rest/api/batchservice/pool/remove-nodes */
const MOST_NODES_REMOVED = 100
const STATES = [
  'creating',
  'idle',
  'leavingPool',
  'offline',
  'preempted',
  'rebooting',
  'reimaging',
  'running',
  'starting',
  'startTaskFailed',
  'unknown',
  'unusable',
  'waitingForStartTask',
  'upgradingOS',
]

export function dataPlaneNodeRoutes(pools: Pools): readonly Route[] {
  const poolOf = ({ params }: Call): Pool => pools.get(params.pool ?? '')
  return [
    route('GET', '/nodecounts', 'pools/read', (call) => {
      const name = /poolId eq '([^']+)'/.exec(call.query.get('$filter') ?? '')?.[1]
      const asked = pools.visible().filter((pool) => name === undefined || pool.name === name)
      const counts = (pool: Pool, dedicated: boolean) =>
        countStates(
          pools
            .countedNodesOf(pool)
            .filter(({ isDedicated }) => isDedicated === dedicated)
            .map(({ state }) => state),
        )
      return page(
        'poolnodecounts',
        call,
        asked.map((pool) => ({ poolId: pool.name, dedicated: counts(pool, true), lowPriority: counts(pool, false) })),
      )
    }),
    route('GET', '/pools/:pool/nodes', 'pools/read', (call) => {
      const pool = poolOf(call)
      const states = [...(call.query.get('$filter') ?? '').matchAll(/state eq '(\w+)'/g)].map(([, state]) => state)
      const nodes = pools.nodesOf(pool).filter((node) => states.length === 0 || states.includes(pools.states.of(pool, node).toLowerCase()))
      return page(
        'nodes',
        call,
        nodes.map((node) => selected(call, shownNode(pools, pool, node))),
      )
    }),
    ...(['HEAD', 'GET'] as const).map((method) =>
      route(method, '/pools/:pool/nodes/:node/files/:file', 'pools/read', (call) => {
        const pool = poolOf(call)
        const node = pool.nodes.find(({ id }) => id === call.params.node)
        if (!node) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
        if (!/^startup\/std(?:out|err)\.txt$/.test(call.params.file ?? ''))
          throw new Refusal(404, 'FileNotFound', 'The specified file does not exist.')
        const text = pools.states.fateOf(pool, node.index)?.[call.params.file === 'startup/stderr.txt' ? 'stderr' : 'stdout'] ?? ''
        const bytes = Buffer.from(text)
        const [, from = 0, to = bytes.length - 1] = /bytes=(\d+)-(\d+)/.exec(call.headers['ocp-range'] ?? '') ?? []
        const part = method === 'GET' ? bytes.subarray(Number(from), Number(to) + 1) : bytes
        return {
          status: 200,
          body: method === 'GET' ? part.toString() : '',
          headers: { 'content-type': 'application/octet-stream', 'content-length': String(part.length) },
        }
      }),
    ),
    route('POST', '/pools/:pool/removenodes', 'pools/write', (call) => {
      const pool = poolOf(call)
      pools.refuseBusy(pool)
      const { nodeList = [], resizeTimeout = 'PT15M', nodeDeallocationOption } = call.body ?? {}
      if (nodeList.length === 0 || nodeList.length > MOST_NODES_REMOVED)
        throw new Refusal(400, 'OutOfRangeInput', 'One of the input values is out of range.', {
          details: [{ code: 'PropertyName', message: 'nodeList' }],
        })
      const going = pool.nodes.filter(({ id }) => nodeList.includes(id))
      const left = (dedicated: boolean) =>
        pool.nodes.filter(({ isDedicated, id }) => isDedicated === dedicated && !nodeList.includes(id)).length
      if (going.length === 0) throw new Refusal(404, 'NodeNotFound', 'The specified node does not exist.')
      pools.resize(pool, {
        targetDedicatedNodes: left(true),
        targetLowPriorityNodes: left(false),
        resizeTimeout,
        nodeDeallocationOption,
        nodeList,
      })
      return { status: 202 }
    }),
  ]
}

/** `$select`: what is not asked for is left out. https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch */
function selected(call: Call, entry: object): object {
  const names = call.query.get('$select')?.split(',')
  return names ? Object.fromEntries(Object.entries(entry).filter(([name]) => names.includes(name))) : entry
}

function countStates(states: readonly string[]): Record<string, number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]))
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1
  return { ...counts, total: states.length }
}

export function shownNode(pools: Pools, pool: Pool, node: Node): object {
  const state = pools.states.of(pool, node)
  const fate = pools.states.fateOf(pool, node.index)
  const hasStarted = !['creating', 'starting', 'waitingForStartTask', 'unusable'].includes(state)
  const time = new Date(node.bornAtMs + DURATION_MS.start).toISOString()
  const failed = state === 'startTaskFailed'
  return {
    id: node.id,
    state: state.toLowerCase(),
    stateTransitionTime: pools.states.transitionTimeOf(pool, node),
    allocationTime: new Date(node.bornAtMs).toISOString(),
    isDedicated: node.isDedicated,
    affinityId: affinityIdOf(node),
    vmSize: String(pool.properties.vmSize).toLowerCase(),
    ...(fate?.errors && { errors: fate.errors }),
    ...((pool.properties.startTask || failed) &&
      hasStarted && {
        startTaskInfo: {
          state: 'completed',
          startTime: time,
          endTime: time,
          exitCode: failed ? (fate?.exitCode ?? 1) : 0,
          retryCount: 0,
          result: failed ? 'failure' : 'success',
          ...(failed && {
            failureInfo: {
              category: 'usererror',
              code: 'FailureExitCode',
              message: 'The task exited with an exit code representing a failure',
              details: [],
            },
          }),
        },
      }),
  }
}
