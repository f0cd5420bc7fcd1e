/** Pool specs through the whole action: files as the runner has them, and secrets that Azure repeats. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, azureOf, writes } from '../fixtures/whole-runs.ts'

const NO_POOL_INPUTS = { 'pool-id': '', 'vm-size': '', 'target-dedicated-nodes': '', 'resize-timeout': '' }
let workspace = ''

beforeAll(async () => {
  workspace = await mkdtemp(path.join(tmpdir(), 'workspace-'))
  const utf16 = Buffer.from('\ufeffid: render\r\nvmSize: Standard_D4s_v5\r\n', 'utf16le')
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'utf16.yml': utf16,
    'utf16-cut.yml': utf16.subarray(0, -1),
    'marks.yml': '\ufeff{ id: a, vmSize: Standard_D4s_v5 }\n---\n\ufeff{ id: b, vmSize: Standard_D4s_v5 }\n',
    'latin1.yml': Buffer.from('id: render\ndisplayName: gr\u00f6\u00dfe\n', 'latin1'),
    'link.yml': '../shared/pool.yml',
    'pool.yml.tmpl': 'id: render',
    'deep.yml': `id: render\ndisplayName: ${'['.repeat(100_000)}`,
    'answer.json': JSON.stringify({
      name: 'render',
      type: 'Microsoft.Batch/batchAccounts/pools',
      etag: 'W/"0x1"',
      properties: { vmSize: 'STANDARD_D4S_V5', allocationState: 'Steady', currentDedicatedNodes: 3, startTask: null },
    }),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(workspace, name), content)
  await mkdir(path.join(workspace, 'pools.yml'))
})

afterAll(() => rm(workspace, { recursive: true, force: true }))

test('a file is read exactly, or named for what it is; nothing is asked of Azure', async () => {
  const azure = await azureOf(loadScenario('happy'))
  const validate = async (spec: string) =>
    again(
      azure,
      { ...loadScenario('happy').inputs, ...NO_POOL_INPUTS, mode: 'validate', 'pool-spec': spec },
      { env: { GITHUB_WORKSPACE: workspace } },
    )
  for (const spec of ['utf16.yml', 'marks.yml']) expect((await validate(spec)).log, spec).toContain('The inputs are valid')
  expect((await validate('answer.json')).log).toContain(
    'Read-only properties of `pool-spec` were ignored: `allocationState`, `currentDedicatedNodes`.',
  )
  for (const [spec, said] of [
    ['utf16-cut.yml', 'is not valid UTF-16 text; save it as UTF-8'],
    ['latin1.yml', 'is not UTF-8 text; save it as UTF-8'],
    ['link.yml', 'is a symbolic link that was checked out as text'],
    ['pool.yml.tmpl', 'is a template (`.tmpl`)'],
    ['pools.yml', 'is a directory; name one file in it'],
    ['deep.yml', 'is nested too deeply'],
    ['utf16.yml marks.yml', 'names 2 files'],
    ['missing.yml', 'is a path, but there is no such file'],
  ] as const) {
    const ran = await validate(spec)
    expect(ran.exitCode, spec).toBe(1)
    expect(ran.log).toContain(`pool-spec "${spec}": ${said}`)
    expect(ran.log).not.toContain('Unexpected')
  }
  expect(azure.exchanges).toEqual([])
})

test('an unset variable for the account is an error in every mode, and nothing is asked of Azure', async () => {
  const azure = await azureOf(loadScenario('happy'))
  for (const mode of ['apply', 'plan', 'validate', 'prune']) {
    const ran = await again(azure, { ...loadScenario('happy').inputs, 'batch-account': '', 'target-dedicated-nodes': 'ten', mode })
    expect(ran.exitCode, mode).toBe(1)
    expect(ran.log).toContain('batch-account: is required for `pool-spec`, `pool-id`')
    expect(ran.log).toContain('target-dedicated-nodes "ten": is not a whole number')
  }
  // GitHub is asked for an assertion while the rest is still loading.
  expect(azure.exchanges.filter(({ plane }) => plane !== 'github')).toEqual([])
})

/** Each in its place of a pool. */
const SECRETS = {
  password: 'pass"word/1+',
  privateKey: '-----BEGIN KEY-----\nMIIBsecretsecretsecret\n-----END KEY-----',
  setting: 'protected&setting',
  key: 'a2V5a2V5a2V5a2V5a2V5==',
  registry: 'registry pass',
  option: 'username=u,password=mountpass',
  variable: 'plainvalue',
  signature: 'sv=2024&sig=abc%2Fdef%3D',
  flag: 'hunter22hunter',
}

const SPEC = {
  userAccounts: [{ name: 'render', password: SECRETS.password, linuxUserConfiguration: { sshPrivateKey: SECRETS.privateKey } }],
  deploymentConfiguration: {
    virtualMachineConfiguration: {
      containerConfiguration: { type: 'DockerCompatible', containerRegistries: [{ username: 'u', password: SECRETS.registry }] },
      extensions: [{ name: 'e', publisher: 'p', type: 't', protectedSettings: { deep: [SECRETS.setting] } }],
    },
  },
  mountConfiguration: [
    { azureFileShareConfiguration: { accountName: 'a', azureFileUrl: 'https://a', relativeMountPath: 'm', accountKey: SECRETS.key } },
    { nfsMountConfiguration: { source: 's', relativeMountPath: 'n', mountOptions: SECRETS.option } },
  ],
  startTask: {
    commandLine: `/opt/mount --api-key ${SECRETS.flag}`,
    environmentSettings: [{ name: 'COLOR', value: SECRETS.variable }],
    resourceFiles: [{ httpUrl: `https://a.blob.core.windows.net/c/f?${SECRETS.signature}`, filePath: 'f' }],
  },
}

test('no secret of a spec is in anything that leaves the run, however Azure repeats it', async () => {
  const scenario = loadScenario('happy')
  const azure = await azureOf(scenario)
  azure.intervene = async ({ plane, method, url }) => {
    if (plane !== 'arm' || method !== 'PUT' || !/\/pools\//.test(url)) return undefined
    const body = JSON.stringify(SPEC)
    const message = [
      `The request body is invalid: ${body}`,
      JSON.stringify(body),
      encodeURIComponent(body),
      Buffer.from(body).toString('base64'),
      Object.values(SECRETS).join(' '),
    ].join(' | ')
    return { kind: 'answer', status: 400, body: { error: { code: 'InvalidRequestBody', message } } }
  }
  const ran = await again(azure, { ...scenario.inputs, 'pool-spec': JSON.stringify(SPEC) })
  expect(ran.exitCode).toBe(1)
  expect(writes(azure).some(({ liveRequest }) => /\/pools\//.test(liveRequest.url))).toBe(true)
  expect(ran.log).toContain('The request body is invalid')
  const texts = [ran.log, ran.summary, ran.report, JSON.stringify(ran.outputs), JSON.stringify(ran.state)]
  for (const [name, secret] of Object.entries(SECRETS)) {
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').slice(4, -4),
    ]
    for (const text of texts) for (const form of forms) expect(text.includes(form), `${name}: ${form}`).toBe(false)
  }
})
