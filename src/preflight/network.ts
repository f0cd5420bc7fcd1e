/** Rules about the network of a pool. */
import type { PoolSettings } from '../config/config.ts'
import type { InboundNatPool } from '../model/batch.ts'
import { nodesOf } from '../model/nodes.ts'
import type { Rule } from './facts.ts'

const POOL_REFERENCE = 'https://learn.microsoft.com/rest/api/batchmanagement/pool/create'
const NODES_PER_ADDRESS = 100

export const NETWORK_RULES: readonly Rule[] = [
  {
    id: 'data-plane',
    severity: 'error',
    title: 'The Batch data plane, the only source of node states and jobs, answers this runner',
    objection: 'Batch data plane cannot be reached',
    link: 'https://learn.microsoft.com/azure/batch/public-network-access',
    check: ({ config: { mode, pool }, observed: { dataPlaneRefusal } }) =>
      dataPlaneRefusal && mode !== 'prune' && pool && needsDataPlane(pool)
        ? [
            {
              seen: `the data plane of the account does not answer this run: ${dataPlaneRefusal.reason}`,
              fix: `${dataPlaneRefusal.fix} ${WITHOUT_DATA_PLANE[pool.strategy === 'blue-green' ? 'jobs' : 'nodes']}`,
              ...(dataPlaneRefusal.link && { link: dataPlaneRefusal.link }),
            },
          ]
        : [],
  },
  {
    id: 'public-ip-pool-size',
    severity: 'error',
    title: 'There are public IP addresses for all nodes: 100 dedicated or 100 Spot nodes each',
    objection: 'Too few public IP addresses',
    link: POOL_REFERENCE,
    check: ({ config: { pool } }) =>
      (pool?.requests ?? []).flatMap(({ id, target, properties }) => {
        const { provision, ipAddressIds = [] } = properties.networkConfiguration?.publicIPAddressConfiguration ?? {}
        const needed = Math.ceil(Math.max(target.dedicated, target.lowPriority) / NODES_PER_ADDRESS)
        return provision === 'UserManaged' && ipAddressIds.length < needed
          ? [
              {
                seen: `pool ${id} brings ${ipAddressIds.length} public IP addresses; ${nodesOf(target)} need ${needed}`,
                fix: 'Add addresses to `publicIPAddressConfiguration.ipAddressIds`, or use fewer nodes.',
              },
            ]
          : []
      }),
  },
  {
    id: 'inbound-nat-pools',
    severity: 'error',
    title: 'Inbound NAT pools are at most 5 with 25 rules in all, on ports that are free and not reserved',
    objection: 'Inbound NAT pools are not valid',
    link: POOL_REFERENCE,
    check: ({ config: { pool } }) =>
      (pool?.requests ?? []).flatMap(({ id, properties }) =>
        natProblems(properties.networkConfiguration?.endpointConfiguration?.inboundNatPools ?? []).map((problem) => ({
          seen: `pool ${id}: ${problem}`,
          fix: 'Correct `networkConfiguration.endpointConfiguration.inboundNatPools`.',
        })),
      ),
  },
]

/** The states of nodes are there only, and the jobs that blue-green moves. */
const needsDataPlane = ({ wait, strategy }: PoolSettings): boolean => wait === 'nodes' || strategy === 'blue-green'

const WITHOUT_DATA_PLANE = {
  nodes: 'With `wait: steady` the run does not look at nodes.',
  jobs: '`strategy: blue-green` needs the data plane to move jobs; `in-place` or `replace` with `wait: steady` does not.',
}

const MOST_NAT_POOLS = 5
const MOST_RULES = 25
const RESERVED_ON_NODES = [22, 3_389, 29_876, 29_877]
const RESERVED_OUTSIDE = { start: 50_000, end: 55_000 }

function natProblems(pools: readonly InboundNatPool[]): readonly string[] {
  const rules = pools.reduce((sum, { networkSecurityGroupRules = [] }) => sum + networkSecurityGroupRules.length, 0)
  const others = (index: number) => pools.slice(0, index)
  return [
    ...(pools.length > MOST_NAT_POOLS ? [`${pools.length} inbound NAT pools; ${MOST_NAT_POOLS} is the most`] : []),
    ...(rules > MOST_RULES ? [`${rules} network security group rules; ${MOST_RULES} is the most`] : []),
    ...pools.flatMap(({ name, backendPort, frontendPortRangeStart: start, frontendPortRangeEnd: end }, index) => [
      ...(RESERVED_ON_NODES.includes(backendPort) ? [`NAT pool ${name}: port ${backendPort} is reserved on nodes`] : []),
      ...(start > end ? [`NAT pool ${name}: the ports ${start} to ${end} are not a range`] : []),
      ...(start <= RESERVED_OUTSIDE.end && end >= RESERVED_OUTSIDE.start
        ? [`NAT pool ${name}: some of the ports ${start} to ${end} are reserved (50000 to 55000)`]
        : []),
      ...others(index).flatMap((other) => [
        ...(other.name.toLowerCase() === name.toLowerCase() ? [`two NAT pools are named ${name}`] : []),
        ...(other.backendPort === backendPort ? [`NAT pools ${other.name} and ${name} have the same port on nodes`] : []),
        ...(other.frontendPortRangeStart <= end && other.frontendPortRangeEnd >= start
          ? [`NAT pools ${other.name} and ${name} have ports in common`]
          : []),
      ]),
    ]),
  ]
}
