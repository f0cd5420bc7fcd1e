/** Nodes that do not work, grouped by cause: one broken start task breaks hundreds of nodes in the same way. */
import { count, STATES } from '../../model/nodes.ts'
import type { UnhealthyNode } from '../../pool/unhealthy-nodes.ts'
import type { PoolReport } from '../run-report.ts'
import { blocks, code, details, errorName, fence, join, type Markdown, md, nothing, table, text } from './markdown.ts'

const MOST_CAUSES = 10
const MOST_NAMES = 20
const LONGEST_TAIL = 4_000
const MOST_DETAILS = 5

export function unhealthyNodes({ unhealthyNodes: nodes, unhealthyTotal }: PoolReport): Markdown {
  const causes = [...Map.groupBy(nodes, causeOf).values()].toSorted((one, other) => other.length - one.length)
  const shown = causes.slice(0, MOST_CAUSES)
  const unseen = unhealthyTotal - nodes.length
  const notes = [
    ...(unseen > 0 ? [`${count(unseen)} more unhealthy nodes were not looked at one by one.`] : []),
    ...(causes.length > shown.length ? [`${causes.length - shown.length} rarer causes are in the JSON report.`] : []),
  ]
  return blocks(
    table(
      [{ right: 'Nodes' }, 'State', 'Exit code', 'Error'],
      shown.map(([first, ...others]) => [
        1 + others.length,
        first ? STATES[first.state].label : '',
        first?.exitCode ?? '–',
        first ? errorsOf(first) : '',
      ]),
    ),
    ...shown.map((cause, index) => evidence(cause, index === 0 ? 'open' : 'folded')),
    notes.length > 0 ? md`${notes.join(' ')}` : undefined,
  )
}

const causeOf = ({ state, exitCode, errors }: UnhealthyNode): string =>
  JSON.stringify([state, exitCode, errors.map(({ code: name }) => name)])

function errorsOf({ errors, state }: UnhealthyNode): Markdown {
  if (errors.length > 0)
    return join(
      errors.slice(0, 3).map((error) => md`${errorName(error.code)} ${text(error.message, 500)}`),
      '<br>',
    )
  return state === 'unusable' ? md`no error given: Batch cannot reach the VM (network security group, route, DNS, outbound access)` : md`–`
}

/** The names, and what the first nodes that wrote anything wrote last. */
function evidence(nodes: readonly UnhealthyNode[], state: 'open' | 'folded'): Markdown {
  const names = nodes.slice(0, MOST_NAMES).map(({ id }) => code(id))
  const rest = nodes.length - names.length
  const [stderr, stdout] = (['stderrTail', 'stdoutTail'] as const).map((tail) => nodes.find((node) => node[tail]?.trim()))
  const [first] = nodes
  const facts = first?.errors.flatMap(({ details: pairs }) => pairs).slice(0, MOST_DETAILS) ?? []
  return details(
    `${count(nodes.length)} × ${first ? STATES[first.state].label : ''}: node names${stderr || stdout ? ' and end of output' : ''}`,
    blocks(
      md`${join(names, ', ')}${rest > 0 ? md` and ${rest} more` : nothing}`,
      table(
        ['Detail', 'Value'],
        facts.map(({ name, value }) => [text(name, 100), text(value, 500)]),
      ),
      ...output('stderr.txt', stderr?.id, stderr?.stderrTail),
      ...output('stdout.txt', stdout?.id, stdout?.stdoutTail),
    ),
    state,
  )
}

const output = (file: string, id = '', tail = ''): readonly Markdown[] =>
  id ? [md`End of the start task's ${code(file)} on ${code(id)}:`, fence(tail.slice(-LONGEST_TAIL))] : []
