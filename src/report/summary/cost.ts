/** What pools cost an hour, by the public price list. */
import type { HourlyCost } from '../../pool/hourly-cost.ts'
import { poolNames } from '../pool-names.ts'
import type { PoolCost, PoolReport } from '../run-report.ts'
import { code, join, type Markdown, md, nothing, text } from './markdown.ts'

const usd = (amount: number, digits = 2): string =>
  `USD ${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: digits })}`

export const costCell = (cost: HourlyCost): Markdown => ('usd' in cost ? md`${usd(cost.usd)}` : md`not known`)

/** What the figures are made of, why one is missing, and what they leave out. Nothing without `show-cost`. */
export function costNote(pools: readonly PoolReport[]): Markdown {
  const priced = pools.flatMap((pool) => (pool.cost ? [{ ...pool, cost: pool.cost }] : []))
  if (priced.length === 0) return nothing
  const nameIn = poolNames(pools)
  const reasons = priced.flatMap((pool) =>
    [pool.cost.after, pool.cost.before].flatMap((cost) =>
      'unknown' in cost ? [md`The cost of ${code(nameIn(pool))} is not known: ${text(cost.unknown, 300)}.`] : [],
    ),
  )
  return join(
    [
      ...(priced.length > 1 ? together(priced.map(({ cost }) => cost)) : []),
      ...distinct(priced.flatMap(nodePrices(hasSeveralRegions(priced)))),
      ...distinct(reasons),
      md`These are Azure’s public prices, without disks, traffic, licences of Marketplace plans, and the terms of your agreement.`,
    ],
    ' ',
  )
}

/** Only where every figure is known: a sum of some of them would be a guess. */
function together(costs: readonly PoolCost[]): readonly Markdown[] {
  const sumOf = (figures: readonly HourlyCost[]) =>
    figures.reduce<number | undefined>((sum, one) => (sum !== undefined && 'usd' in one ? sum + one.usd : undefined), 0)
  const [before, after] = [sumOf(costs.map((cost) => cost.before)), sumOf(costs.map((cost) => cost.after))]
  return before === undefined || after === undefined ? [] : [md`All pools of the run cost ${usd(after)} an hour, ${usd(before)} before.`]
}

type PricedPool = PoolReport & { readonly cost: PoolCost }

const hasSeveralRegions = (pools: readonly PricedPool[]): boolean => new Set(pools.map(({ cost }) => cost.region)).size > 1

/** Of the kinds of node that the pool has or is to have. */
const nodePrices =
  (isRegionNamed: boolean) =>
  ({ vmSize, cost: { node, region }, target, current }: PricedPool): readonly Markdown[] => {
    const has = (kind: 'dedicated' | 'lowPriority') => target[kind] + current[kind] > 0
    const where = isRegionNamed ? ` in ${region}` : ''
    const dedicated =
      node.dedicated !== undefined && has('dedicated') && `dedicated node of ${vmSize}${where} costs ${usd(node.dedicated, 4)} an hour`
    const spot = node.lowPriority !== undefined && has('lowPriority') && `${usd(node.lowPriority, 4)}`
    if (dedicated) return [md`A ${dedicated}${spot ? `, a Spot node ${spot} at present` : nothing}.`]
    return spot ? [md`A Spot node of ${`${vmSize}${where}`} costs ${spot} an hour at present.`] : []
  }

const distinct = (some: readonly Markdown[]): readonly Markdown[] => [...new Map(some.map((one) => [one.source, one])).values()]
