/** Lists that are longer than a page, read by the action's own clients. */
import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { TokenCredential } from '@azure/core-auth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createArm } from '../../src/azure/arm.ts'
import { createBatch } from '../../src/azure/batch/batch.ts'
import type { Cloud } from '../../src/azure/cloud.ts'
import { createCompute } from '../../src/azure/compute/compute.ts'
import { RequestCounter } from '../../src/azure/request-log.ts'
import { transportOptions } from '../../src/azure/transport.ts'
import { type ArmId, partsOf } from '../../src/model/arm-id.ts'
import { CLIENT, CLIENT_SECRET, GROUP_ID, loadScenario, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import { type EmbeddedAzure, startAzure } from '../embedded-azure/server.ts'

const MANY = 130
const MOST_NODES = 1_200
const GROUP = GROUP_ID as ArmId
const ACCOUNT = `${GROUP_ID}/providers/Microsoft.Batch/batchAccounts/renderbatch` as ArmId
const DEFINITION = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images/images/golden` as ArmId
const clock = { now: () => new Date(), sleep: async () => {} }
const trustedBefore = getCACertificates('default')
let azure: EmbeddedAzure

beforeAll(async () => {
  const properties = {
    vmSize: 'standard_d2s_v5',
    deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: 'batch.node.ubuntu 24.04' } },
  }
  const pools = Array.from({ length: MANY }, (_, index) => ({ id: `pool-${index}`, properties, nodes: index === 0 ? MOST_NODES : 0 }))
  azure = await startAzure({ ...loadScenario('happy'), pools }, 1)
  setDefaultCACertificates([...trustedBefore, await readFile(azure.caPath, 'utf8')])
  const put = (id: string, type: string) =>
    azure.world.put({
      id,
      name: id.slice(id.lastIndexOf('/') + 1),
      type: `Microsoft.Compute/${type}`,
      location: 'westeurope',
      tags: { many: 'yes' },
      properties: { creationData: { createOption: 'Copy' }, publishingProfile: { targetRegions: [] }, storageProfile: {} },
    })
  put(DEFINITION, 'galleries/images')
  for (let index = 0; index < MANY; index += 1) {
    put(`${DEFINITION}/versions/1.0.${index}`, 'galleries/images/versions')
    put(`${GROUP_ID}/providers/Microsoft.Compute/snapshots/many-${index}`, 'snapshots')
    put(`${GROUP_ID}/providers/Microsoft.Compute/images/many-${index}`, 'images')
  }
})
afterAll(async () => {
  setDefaultCACertificates(trustedBefore)
  await azure.close()
})

function clients() {
  const credential: TokenCredential = {
    async getToken(scopes) {
      const form = { client_id: CLIENT, client_secret: CLIENT_SECRET, scope: String(scopes), grant_type: 'client_credentials' }
      const { body } = await azure.entra.token(TENANT, new URLSearchParams(form))
      return { token: (body as { access_token: string }).access_token, expiresOnTimestamp: Date.now() + 3_600_000 }
    },
  }
  const cloud: Cloud = {
    resourceManagerUrl: azure.url,
    resourceManagerScope: `${azure.url}/.default`,
    batchScope: 'https://batch.core.windows.net/.default',
    authorityHost: azure.url,
    isKnownAuthority: false,
    assertionAudience: '',
    portalUrl: '',
  }
  const limits = { signal: new AbortController().signal, deadlineMs: Date.now() + 3_600_000 }
  const transport = transportOptions({
    log: { debug: () => {} },
    counter: new RequestCounter(),
    userAgentPrefix: 'paging',
    run: limits,
    proxyFor: () => undefined,
  })
  const connection = { credential, cloud, transport, clock }
  return {
    arm: createArm(connection),
    compute: createCompute(connection),
    batch: createBatch(connection),
  }
}

type List = (of: ReturnType<typeof clients>) => Promise<readonly unknown[] | undefined>

const LISTS: Readonly<Record<string, { readonly list: List; readonly length: number }>> = {
  snapshots: { list: ({ compute }) => compute.listSnapshots(GROUP), length: MANY },
  'managed images': { list: ({ compute }) => compute.listImages(GROUP), length: MANY },
  'image versions': { list: ({ compute }) => compute.listImageVersions(DEFINITION), length: MANY },
  pools: { list: ({ batch }) => batch.listPools(ACCOUNT), length: MANY },
  resources: { list: ({ arm }) => arm.find(partsOf(GROUP).subscriptionId, "tagName eq 'many'"), length: 3 * MANY + 1 },
  nodes: {
    async list({ batch }) {
      const account = await batch.getAccount(ACCOUNT)
      return account ? batch.dataPlane(account).listNodes('pool-0', ['idle'], 2 * MOST_NODES) : []
    },
    length: MOST_NODES,
  },
}

test.each(Object.entries(LISTS))('%s: every page is read, nothing twice', async (_, { list, length }) => {
  const found = (await list(clients())) ?? []
  expect(found).toHaveLength(length)
  expect(new Set(found.map((one) => (one as { id: string }).id)).size).toBe(length)
})

test.each(Object.entries(LISTS))(
  '%s: a next page on another host is not asked for, as it would be given the token',
  async (_, { list }) => {
    const before = azure.exchanges.length
    const abroad = azure.url.replace('127.0.0.1', 'localhost')
    azure.intervene = async ({ url }) =>
      /batchAccounts\/renderbatch\?/.test(url)
        ? undefined
        : { kind: 'answer', status: 200, body: { value: [], nextLink: `${abroad}/next`, 'odata.nextLink': `${abroad}/next` } }
    await expect(list(clients())).rejects.toThrow(`leads to another host: ${abroad}`)
    azure.intervene = undefined
    expect(azure.exchanges.slice(before).filter(({ liveRequest }) => liveRequest.url === '/next')).toEqual([])
  },
)
