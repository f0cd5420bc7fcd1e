/** What the README and the action of the reusable workflow say by themselves: made from `action.yml` and `src/`. `npm run docs` writes it. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { remedyFor } from '../../src/errors/refusals.ts'
import { classifyResizeError, type ResizeError } from '../../src/errors/resize-errors.ts'
import { AuthError } from '../../src/errors/sign-in.ts'
import type { SignInAttempt } from '../../src/errors/sign-in-attempt.ts'
import { RULES } from '../../src/preflight/rules.ts'
import { RULE_EXAMPLES } from '../fixtures/rule-examples.ts'
import { type MeasuredTable, measuredFleet, measuredLoad, measuredPeers, measuredScale, measuredStart, measuredWays } from './measured.ts'
import { unsourced } from './sources.ts'

export const ROOT = path.join(import.meta.dirname, '../..')
export const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

interface Declared {
  readonly description: string
  readonly default?: string
}

export interface ActionMetadata {
  readonly inputs: Readonly<Record<string, Declared>>
  readonly outputs: Readonly<Record<string, Declared>>
  readonly runs: Readonly<Record<string, string>>
}

export const REUSABLE_WORKFLOW = '.github/workflows/refresh-pool.yml'

export const metadata = (name = 'action.yml'): ActionMetadata => parse(read(name)) as ActionMetadata

/** The first input of each part, in the order of `action.yml`. */
const PARTS: Readonly<Record<string, string>> = {
  'client-id': 'Identity',
  vm: 'Source: exactly one of `vm`, `snapshots`, `vhd`, `managed-image`, `image-id`',
  'image-name': 'Image',
  'batch-account': 'Pool',
  mode: 'Run',
}

/** Codes as Batch spells them. https://learn.microsoft.com/dotnet/api/microsoft.azure.batch.common.poolresizeerrorcodes */
export const RESIZE_CODES = [
  'AllocationTimedOut',
  'AllocationFailed',
  'AccountCoreQuotaReached',
  'AccountVMSeriesCoreQuotaReached',
  'AccountLowPriorityCoreQuotaReached',
  'AccountSpotCoreQuotaReached',
  'OverconstrainedAllocationRequestError',
  'CommunicationEnabledPoolReachedMaxVMCount',
  'UnsupportedVMSize',
  'IncompatibleVMSize',
  'DependentResourceNotFound',
  'DiskEncryptionFailure',
  'FailedIdentityOperation',
  'MissingPublisherPropertyInMarketPlacePlan',
  'ResizeStopped',
  'RemoveNodesFailed',
  'Unknown',
] as const

/** What Azure says inside an `AllocationFailed`. https://learn.microsoft.com/troubleshoot/azure/hpc/batch/azure-batch-pool-resizing-failure */
const ALLOCATION_REASONS = [
  "The selected VM size 'Standard_D4s_v5' cannot boot Hypervisor Generation '2'",
  "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' security type",
  'Allocation failed as subnet has delegation to external resources.',
  'Azure Batch Service does not have the desired permissions to perform a pool operation.',
  'Allocation failed as Batch is not authorized to access the key vault.',
  'There was an error encountered while performing the last resize on the pool. Please try resizing the pool again.',
  'ScopeLocked: The scope cannot perform write operation because following scope(s) are locked',
  'Deployment allocation failed due to insufficient capacity for the requested VM size in the region.',
  'The server encountered an internal error.',
]

const REFUSALS: readonly (readonly [code: string, message: string])[] = [
  [
    'AuthorizationFailed',
    "The client '…' with object id '…' does not have authorization to perform action 'Microsoft.Compute/snapshots/write' over scope '…'",
  ],
  [
    'LinkedAuthorizationFailed',
    "The client '…' with object id '…' has permission to perform action 'Microsoft.Compute/snapshots/write' on scope '…'; however, it does not have permission to perform action 'Microsoft.Compute/disks/beginGetAccess/action' on the linked scope(s) '…'",
  ],
  ['InvalidPropertyValue', 'The value must be of the format /subscriptions/…/Microsoft.Compute/galleries/…'],
  ['OperationNotAllowed', 'Creation of managed images are not supported for virtual machine with TrustedLaunch security type.'],
  ['ConditionNotMet', 'The condition specified in the ETag is not satisfied.'],
  ['PropertyCannotBeUpdated', 'A property that was specified cannot be updated.'],
  ['PoolQuotaReached', 'The Batch account has reached its quota of pools.'],
  ['ResourceNotFound', "The Resource '…' under resource group '…' was not found."],
  ['ScopeLocked', 'The scope cannot perform write operation because following scope(s) are locked.'],
  ['RequestDisallowedByPolicy', "Resource '…' was disallowed by policy."],
  ['TooManyRequests', 'The request is being throttled.'],
  ['InternalServerError', 'Server encountered an internal error. Please try again after some time.'],
]

/** What GitHub's token says of a job. */
const ATTEMPT: SignInAttempt = {
  signIn: { way: 'oidc', clientId: 'CLIENT_ID', tenantId: 'TENANT_ID' },
  why: '',
  environment: 'AzureCloud',
  authorityHost: 'login.microsoftonline.com',
  assertionClaims: {
    iss: 'https://token.actions.githubusercontent.com',
    sub: 'repo:OWNER/REPO:ref:refs/heads/main',
    aud: 'api://AzureADTokenExchange',
  },
}

const SIGN_IN: readonly string[] = [
  'Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable',
  'AADSTS700213: No matching federated identity record found for presented assertion subject',
  'AADSTS700016: Application was not found in the directory',
  'AADSTS700024: Client assertion is not within its valid time range',
  'AADSTS7000215: Invalid client secret provided',
]

export const GENERATED: Readonly<Record<string, () => string>> = {
  inputs,
  'measured-ways': () => table(...headAndRows(measuredWays())),
  'measured-scale': () => table(...headAndRows(measuredScale())),
  'measured-fleet': () => table(...headAndRows(measuredFleet())),
  'measured-load': () => table(...headAndRows(measuredLoad())),
  'measured-start': () => table(...headAndRows(measuredStart())),
  'measured-peers': () => table(...headAndRows(measuredPeers())),
  outputs: () =>
    table(
      ['Output', 'Meaning'],
      Object.entries(metadata().outputs).map(([name, { description }]) => [code(name), description]),
    ),
  rules: () =>
    table(
      ['Rule', 'Severity', 'What', 'What to do'],
      RULES.map(({ id, severity, title, link, check }) => {
        const example = RULE_EXAMPLES[id]
        return [`[${code(id)}](${link})`, severity, title, example ? withoutIds(check(example)[0]?.fix ?? '') : '']
      }),
    ),
  'resize-codes': () =>
    table(
      ['Code', 'Class', 'What to do'],
      RESIZE_CODES.map((name) => resizeRow(code(name), classifyResizeError({ code: name, message: name, details: [] }))),
    ),
  'allocation-reasons': () =>
    table(
      ['Azure says', 'Class', 'What to do'],
      ALLOCATION_REASONS.map((message) =>
        resizeRow(
          message,
          classifyResizeError({
            code: 'AllocationFailed',
            message: 'Desired number of nodes could not be allocated',
            details: [{ code: 'Reason', message }],
          }),
        ),
      ),
    ),
  refusals: () =>
    table(
      ['Azure says', 'What to do'],
      [
        ...SIGN_IN.map((message) => [message, new AuthError({ ...ATTEMPT, error: new Error(message) }).explanation.hint]),
        ...REFUSALS.map(([name, message]) => [
          `${code(name)}: ${message}`,
          remedyFor(name, message, { operation: '', method: '', url: '', body: '' }).hint,
        ]),
      ],
    ),
}

function inputs(): string {
  const ofQuickStart = quickStartInputs()
  const rows = Object.entries(metadata().inputs).map(([name, { description, default: value }]) => ({
    part: PARTS[name],
    row: [ofQuickStart.has(name) ? `**${code(name)}**` : code(name), description, value === undefined ? '' : code(value)],
  }))
  const starts = rows.flatMap(({ part }, index) => (part === undefined ? [] : [{ part, index }]))
  if (starts.length !== Object.keys(PARTS).length || starts[0]?.index !== 0)
    throw new Error('a part of the inputs has lost its first input')
  return starts
    .map(({ part, index }, at) => {
      const own = rows.slice(index, starts[at + 1]?.index).map(({ row }) => row)
      return `**${part}**\n\n${table(['Input', 'Meaning', 'Default'], own)}`
    })
    .join('\n\n')
}

/** What the first workflow of the README sets. */
function quickStartInputs(): ReadonlySet<string> {
  const [, block = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? []
  const { jobs } = parse(block) as { jobs: Record<string, { steps: readonly { with?: object }[] }> }
  return new Set(Object.values(jobs).flatMap(({ steps }) => steps.flatMap((step) => Object.keys(step.with ?? {}))))
}

const resizeRow = (what: string, { class: kind, fix, link }: ResizeError): readonly string[] => [what, kind, `${fix} [More](${link})`]
const withoutIds = (text: string): string => text.replace(/\/subscriptions\/[^\s`"]+/g, '<id>')
const code = (text: string): string => `\`${text}\``
const cell = (text: string): string =>
  text
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/<(?=[a-z])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)/g, '&lt;')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

const MARKED = /<!-- generated: ([\w-]+) -->\n[\s\S]*?<!-- \/generated -->/g

const headAndRows = ([head, ...rows]: MeasuredTable) => [head, rows] as const

/** Pages with generated parts, and the parts of each. */
export const GENERATED_PAGES: Readonly<Record<string, readonly string[]>> = {
  'README.md': ['inputs'],
  '.github/docs/report.md': ['outputs'],
  '.github/docs/preflight-rules.md': ['rules'],
  '.github/docs/comparison.md': ['measured-peers'],
  '.github/docs/measurements.md': ['measured-ways', 'measured-scale', 'measured-fleet', 'measured-load', 'measured-start'],
  '.github/docs/troubleshooting.md': ['resize-codes', 'allocation-reasons', 'refusals'],
}

/** A page with its generated parts as they should be. @throws where a part is unknown or missing. */
export function withGenerated(name: string): string {
  const page = read(name)
  const seen: string[] = []
  const result = page.replace(MARKED, (_, part: string) => {
    const make = GENERATED[part]
    if (!make) throw new Error(`nothing generates "${part}"`)
    seen.push(part)
    return `<!-- generated: ${part} -->\n\n${make()}\n\n<!-- /generated -->`
  })
  if (seen.join() !== GENERATED_PAGES[name]?.join()) throw new Error(`${name} has ${seen.join(', ')} as generated parts`)
  return result
}

/** The reusable workflow cannot name the action at the root: `$/` takes no empty path. */
export function selfAction(): string {
  return `# Generated from action.yml by \`npm run docs\`: the same action, for the reusable workflow at its own commit.\n${read('action.yml').replaceAll(' dist/', ' ../../../dist/')}`
}

/** A secret cannot be an input of a reusable workflow. */
const SECRETS: Readonly<Record<string, string>> = { 'github-token': 'secrets.github-token || github.token' }
/** What differs between the jobs of the reusable workflow. */
const OF_THE_JOB: Readonly<Record<string, string>> = { mode: 'env.REFRESH_MODE', 'plan-id': 'env.REFRESH_PLAN_ID' }

const WORKFLOW_PARTS: Readonly<Record<string, () => readonly string[]>> = {
  inputs: () =>
    Object.entries(metadata().inputs)
      .filter(([name]) => !(name in SECRETS))
      .map(([name, { description }]) => `${name}: { type: string, description: ${JSON.stringify(description)} }`),
  outputs: () =>
    Object.entries(metadata().outputs).map(
      ([name, { description }]) =>
        `${name}: { value: "\${{ jobs.refresh.outputs.${name} || jobs.plan.outputs.${name} }}", description: ${JSON.stringify(description)} }`,
    ),
  'job-outputs': () => inFlowStyle(Object.keys(metadata().outputs).map((name) => [name, `steps.refresh.outputs.${name}`])),
  with: () => inFlowStyle(Object.keys(metadata().inputs).map((name) => [name, SECRETS[name] ?? OF_THE_JOB[name] ?? `inputs.${name}`])),
}

/** A mapping in flow style, three members a line. */
function inFlowStyle(members: readonly (readonly [string, string])[]): readonly string[] {
  const cells = members.map(([name, expression]) => `${name}: "\${{ ${expression} }}"`)
  const rows = cells.flatMap((_, index) => (index % 3 === 0 ? [cells.slice(index, index + 3).join(', ')] : []))
  return ['{', ...rows.map((row) => `  ${row},`), '}']
}

/** The reusable workflow with its generated parts as they should be. @throws where a part is missing. */
export function withWorkflowParts(workflow: string): string {
  const seen: string[] = []
  const result = workflow.replace(/^( +)# generated: ([\w-]+)\n[\s\S]*?^ +# \/generated$/gm, (_, indent: string, name: string) => {
    seen.push(name)
    const lines = WORKFLOW_PARTS[name]?.() ?? []
    return [`# generated: ${name}`, ...lines, '# /generated'].map((line) => indent + line).join('\n')
  })
  if (Object.keys(WORKFLOW_PARTS).join() !== seen.join()) throw new Error(`the workflow has ${seen.join(', ')} as generated parts`)
  return result
}

export const EMBEDDED_AZURE_README = 'test/embedded-azure/README.md'

/** The README of the embedded Azure with what it refuses without a source. */
export function withUnsourced(): string {
  const lines = unsourced().map((what) => `- \`${what}\``)
  return read(EMBEDDED_AZURE_README).replace(
    /(<!-- generated: unsourced -->\n)[\s\S]*?(<!-- \/generated -->)/,
    (_, start: string, end: string) => `${start}\n${lines.join('\n') || 'Nothing.'}\n\n${end}`,
  )
}

if (import.meta.main) {
  writeFileSync(path.join(ROOT, EMBEDDED_AZURE_README), withUnsourced())
  for (const name of Object.keys(GENERATED_PAGES)) writeFileSync(path.join(ROOT, name), withGenerated(name))
  writeFileSync(path.join(ROOT, '.github/actions/self/action.yml'), selfAction())
  writeFileSync(path.join(ROOT, REUSABLE_WORKFLOW), withWorkflowParts(read(REUSABLE_WORKFLOW)))
}
