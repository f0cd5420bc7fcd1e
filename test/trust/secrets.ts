/** Runs with secrets in the pool spec, and looks for them in everything that left the process but the requests to Azure. */
import type { Intervention, SeenRequest } from '../embedded-azure/intervention.ts'
import { runAction } from '../tools/run-action.ts'
import { FLOWS } from './flows.ts'
import type { Case } from './matrix.ts'
import { startWorld } from './recording.ts'

const PLANTED = {
  'user account': 'pw-Tr0ub4dor&3-"quoted"',
  registry: 'registry-hunter2-hunter2',
  signature: 'c2lnbmF0dXJlLW9mLWEtYmxvYg==',
  'environment of the start task': 'env-API-KEY-0123456789abcdef',
  'account key': 'YWNjb3VudC1rZXktb2YtYS1zaGFyZQ==',
  'github-token': 'ghs_0123456789abcdefghijklmnopqrstuvwxyz',
} as const

const SPEC = {
  userAccounts: [{ name: 'worker', elevationLevel: 'Admin', password: PLANTED['user account'] }],
  deploymentConfiguration: {
    virtualMachineConfiguration: {
      nodeAgentSkuId: 'batch.node.ubuntu 24.04',
      containerConfiguration: {
        type: 'DockerCompatible',
        containerRegistries: [{ registryServer: 'r.example.io', username: 'u', password: PLANTED.registry }],
      },
    },
  },
  mountConfiguration: [
    {
      azureFileShareConfiguration: {
        accountName: 'share',
        azureFileUrl: 'https://share.file.core.windows.net/x',
        accountKey: PLANTED['account key'],
        relativeMountPath: 'x',
      },
    },
  ],
  startTask: {
    commandLine: '/opt/start',
    waitForSuccess: true,
    environmentSettings: [{ name: 'API_KEY', value: PLANTED['environment of the start task'] }],
    resourceFiles: [
      { httpUrl: `https://blob.example/setup.sh?sv=2024&sig=${encodeURIComponent(PLANTED.signature)}`, filePath: 'setup.sh' },
    ],
  },
}

interface Leak {
  readonly name: string
  /** What Azure says instead of what it would. */
  readonly intervention?: (request: SeenRequest, text: string) => Intervention | undefined
  readonly nodes?: readonly { readonly index: number; readonly state: 'startTaskFailed'; readonly stderr: string }[]
}

const isPoolWrite = ({ method, url }: SeenRequest): boolean => ['PUT', 'PATCH'].includes(method) && /\/pools\/render\?/.test(url)
const echo = JSON.stringify(SPEC)

/** Ways in which Azure or a node may repeat what it was sent. */
const LEAKS: readonly Leak[] = [
  { name: 'all goes well' },
  {
    name: 'Azure repeats the body in a refusal',
    intervention: (request) =>
      isPoolWrite(request)
        ? {
            kind: 'answer',
            status: 400,
            body: {
              error: {
                code: 'InvalidPropertyValue',
                message: `The value ${echo} is invalid.`,
                details: [{ code: 'Reason', message: echo }],
              },
            },
          }
        : undefined,
  },
  {
    name: 'Azure repeats each value in a text of its own',
    intervention: (request) =>
      isPoolWrite(request)
        ? {
            kind: 'answer',
            status: 400,
            body: { error: { code: 'InvalidRequestBody', message: `Not understood: ${Object.values(PLANTED).join(' ')}` } },
          }
        : undefined,
  },
  {
    name: 'the start task prints its environment',
    nodes: [
      {
        index: 1,
        state: 'startTaskFailed',
        stderr: `API_KEY=${PLANTED['environment of the start task']}\nfetch ${SPEC.startTask.resourceFiles[0]?.httpUrl} failed`,
      },
    ],
  },
]

export const secretCases = (entry?: string): readonly Case[] =>
  LEAKS.map((leak) => ({ name: leak.name, run: () => secretsRun(leak, entry) }))

/** Where which secret was found. */
async function secretsRun({ name, intervention, nodes }: Leak, entry?: string): Promise<readonly string[]> {
  const { create } = FLOWS
  const azure = await startWorld({ ...create, scenario: { ...create.scenario, ...(nodes && { nodes }) } })
  try {
    azure.intervene = (request) => intervention?.(request, echo)
    const inputs = {
      ...create.inputs,
      'pool-spec': JSON.stringify(SPEC),
      'github-token': PLANTED['github-token'],
      'keep-snapshots': 'true',
    }
    const options = { azure, inputs, env: { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' }, ...(entry && { entry }) }
    const main = await runAction(options)
    const changed = await runAction({
      ...options,
      inputs: { ...inputs, 'target-dedicated-nodes': '12', 'node-agent-sku-id': 'batch.node.ubuntu 22.04' },
    })
    const post = await runAction({
      ...options,
      state: { ...main.state, ledger: JSON.stringify([{ id: '/subscriptions/x', kind: 'pool' }]) },
    })
    const places: Record<string, string> = {
      tags: JSON.stringify(azure.world.all().map(({ tags }) => tags)),
      'metadata of pools': JSON.stringify(azure.pools.all().map(({ properties }) => properties.metadata)),
    }
    for (const [title, run] of Object.entries({ main, changed, post })) {
      const log = run.log.split('\n').filter((line) => !line.startsWith('::add-mask::'))
      places[`log of ${title}`] = log.join('\n')
      places[`summary of ${title}`] = run.summary
      places[`outputs of ${title}`] = JSON.stringify(run.outputs)
      places[`state of ${title}`] = JSON.stringify(run.state)
      places[`report of ${title}`] = run.report
    }
    // Tokens are made up by Entra ID and GitHub: three parts, the first one a JSON header.
    const looked = { ...PLANTED, 'a token': /eyJ[\w-]{10,}\.[\w-]{10,}\./ }
    return Object.entries(places).flatMap(([place, content]) =>
      Object.entries(looked)
        .filter(([, secret]) => (typeof secret === 'string' ? forms(secret).some((form) => content.includes(form)) : secret.test(content)))
        .map(([secret]) => `${name}: ${secret} in the ${place}`),
    )
  } finally {
    await azure.close()
  }
}

const forms = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  secret.replaceAll('&', '&amp;').replaceAll('"', '&#34;'),
]
