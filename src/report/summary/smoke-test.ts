/** How the smoke test went, and what it wrote last. */
import { type SmokeTestResult, smokeWords } from '../../pool/smoke-test-plan.ts'
import type { PoolReport } from '../run-report.ts'
import { blocks, code, details, fence, type Markdown, md, table, text } from './markdown.ts'

const MOST_NODES = 20
const LONGEST_TAIL = 4_000

/** Nodes that it failed on come first. */
export function smokeTest({ smokeTest: results = [] }: PoolReport): Markdown {
  const failed = results.filter(({ result }) => result !== 'passed')
  const sorted = [...failed, ...results.filter(({ result }) => result === 'passed')].slice(0, MOST_NODES)
  const rest = results.length - sorted.length
  return blocks(
    table(
      ['Node', 'Smoke test'],
      sorted.map((result) => [code(result.node), result.result === 'passed' ? 'passed' : md`**${text(smokeWords(result), 500)}**`]),
    ),
    ...sorted.filter(hasOutput).map((result, index) => evidence(result, index === 0 && result.result !== 'passed' ? 'open' : 'folded')),
    rest > 0 ? md`${rest} more nodes are in the JSON report.` : undefined,
  )
}

const hasOutput = ({ stdoutTail, stderrTail }: SmokeTestResult): boolean => Boolean(stdoutTail?.trim() || stderrTail?.trim())

function evidence({ node, stdoutTail, stderrTail }: SmokeTestResult, state: 'open' | 'folded'): Markdown {
  return details(`End of output on ${node}`, blocks(...output('stderr.txt', stderrTail), ...output('stdout.txt', stdoutTail)), state)
}

const output = (file: string, tail = ''): readonly Markdown[] =>
  tail.trim() ? [md`End of ${code(file)}:`, fence(tail.slice(-LONGEST_TAIL))] : []
