/**
 * Pool definitions that strangers published, and the examples of Microsoft's OpenAPI documents, given as `pool-spec`: each accepted,
 * translated or refused.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { InputError } from '../../src/errors/input-error.ts'
import { LEAST } from '../fixtures/config-inputs.ts'
import { RECORDINGS, SPECS } from '../tools/openapi-documents.ts'

const PUBLIC = path.join(RECORDINGS, 'pool-specs')
const ARE_HERE = existsSync(PUBLIC)
if (!ARE_HERE) console.warn('skipped: ../shared/azure-data is not here; no public pool definition is read')
if (!SPECS) console.warn('skipped: the OpenAPI documents are not here (`npm run specs`); no example of theirs is read')

interface Read {
  readonly problems: readonly string[]
  readonly notices: readonly string[]
}

/** What a run with `mode: validate` says to a file, in the account that it was read back from. */
function read(text: string): Read {
  const { name, id } = JSON.parse(text)
  const [, account] = /^(\/subscriptions\/.+)\/pools\//i.exec(String(id)) ?? []
  const inputs: Readonly<Record<string, string>> = {
    ...LEAST,
    ...(account && { 'batch-account': account }),
    mode: 'validate',
    'pool-id': name || id ? '' : 'render',
    'vm-size': '',
    'pool-spec': 'pool.json',
  }
  const reader = {
    input: (name: string) => inputs[name] ?? '',
    environment: () => undefined,
    hide: () => undefined,
    file: () => new TextEncoder().encode(text),
  }
  try {
    return { problems: [], notices: parseConfig(reader).notices }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { problems: error.message.split('\n'), notices: [] }
  }
}

const ACCEPTED: readonly string[] =
  'a01 a02 a03 a04 a07 a11 a12 a13 a14 a15 a16 a18 a19 a20 a21 a22 a24 a25 a26 a27 a28 a29 a31 a32 a37 a41'.split(' ')

const READ_ONLY = 'Read-only properties of `pool-spec` were ignored: '
const NO_EFFECT = 'Properties of `pool-spec` that have no effect were ignored: `targetNodeCommunicationMode`.'
const TRANSLATED = 'is in the shape of the Batch data plane'

const NOTICED: Readonly<Record<string, readonly string[]>> = {
  a05: [NO_EFFECT],
  a08: [NO_EFFECT, 'were ignored: `dependsOn`.'],
  a10: ['Empty texts in `pool-spec` were read as absent: '],
  a34: [READ_ONLY, NO_EFFECT],
  a42: [READ_ONLY],
  d01: [TRANSLATED],
  d02: [TRANSLATED],
  d03: [TRANSLATED],
  d04: [TRANSLATED],
  d07: [TRANSLATED, 'no effect were ignored: `targetDedicatedNodes`, `targetLowPriorityNodes`.'],
  d08: [TRANSLATED],
  d11: [TRANSLATED],
}

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  a23: [
    'targetDedicatedNodes: is written `scaleSettings.fixedScale.targetDedicatedNodes` in ARM',
    'targetLowPriorityNodes: is written `scaleSettings.fixedScale.targetLowPriorityNodes` in ARM',
  ],
  a36: ['virtualMachineConfiguration: is written `deploymentConfiguration.virtualMachineConfiguration` in ARM', 'vm-size: is required'],
  a38: ['pool-spec: is a whole ARM template; give only its pool resource (resources[0])'],
  a39: ['location: is not a property of a pool', 'vm-size: is required'],
  a40: ['properties.identity: belongs beside `properties`, not in it'],
  d10: ['cloudServiceConfiguration: is retired', 'environmentSettings: is not a known property'],
  s01: ['is a batch-shipyard pool configuration; write the properties of the pool as in ARM or Bicep: https://'],
  t01: ['is a Terraform pool (azurerm_batch_pool); write the properties of the pool as in ARM or Bicep: https://'],
}

describe.skipIf(!ARE_HERE)('a public definition', () => {
  const files = ARE_HERE ? readdirSync(PUBLIC).filter((name) => name.endsWith('.json')) : []
  const textOf = (prefix: string): string => {
    const file = files.find((name) => name.startsWith(`${prefix}-`)) ?? ''
    return readFileSync(path.join(PUBLIC, file), 'utf8')
  }

  test('each has its row', () => {
    const rows = [...ACCEPTED, ...Object.keys(NOTICED), ...Object.keys(REFUSED)]
    expect(files.map((name) => name.slice(0, 3)).sort()).toEqual(rows.sort())
  })

  test.each(ACCEPTED)('%s is accepted', (prefix) => {
    expect(read(textOf(prefix)).problems).toEqual([])
  })

  test.each(Object.entries(NOTICED))('%s is accepted, with what was done to it', (prefix, expected) => {
    const { problems, notices } = read(textOf(prefix))
    expect(problems).toEqual([])
    expect(notices).toHaveLength(expected.length)
    for (const text of expected) expect(notices.join('\n')).toContain(text)
  })

  test.each(Object.entries(REFUSED))('%s is refused', (prefix, expected) => {
    const { problems } = read(textOf(prefix))
    for (const text of expected) expect(problems.join('\n')).toContain(text)
    if (/^[st]/.test(prefix)) expect(problems).toHaveLength(1)
  })
})

/** Examples that show what is retired, and those of extensions on the data plane, whose settings are a word. */
const NOT_TAKEN = /CloudService|PoolGet\.json|(?:Add|Get)_VirtualMachineConfigurationWithExtensions/

describe.skipIf(!SPECS)('an example of the OpenAPI documents', () => {
  const folders = SPECS
    ? [
        'specification/batch/resource-manager/Microsoft.Batch/stable/2024-02-01/examples',
        'specification/batch/data-plane/Microsoft.Batch/stable/2024-02-01.19.0/examples',
      ].map((folder) => path.join(SPECS ?? '', folder))
    : []
  const examples = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^Pool(?:Create|Add|Get)/.test(name) && !NOT_TAKEN.test(name))
      .map((name) => [name, path.join(folder, name)] as const),
  )

  test.each(examples)('%s is accepted', (_, file) => {
    const { parameters, responses } = JSON.parse(readFileSync(file, 'utf8'))
    const body = parameters.parameters ?? parameters.pool ?? responses['200'].body
    expect(read(JSON.stringify(body)).problems).toEqual([])
  })
})
