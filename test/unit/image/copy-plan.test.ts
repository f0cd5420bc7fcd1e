/** A throw-away copy of a VM: what it is made of, and in which order. */
import { describe, expect, test } from 'vitest'
import { type CopyQuestion, planCopy } from '../../../src/image/copy-plan.ts'
import { GENERALIZE } from '../../../src/image/generalize.ts'
import { copyName } from '../../../src/image/names.ts'
import { provenanceTags } from '../../../src/image/tags.ts'
import { TEMPORARY_TAG, temporaryApiVersion } from '../../../src/image/temporary.ts'
import type { ArmId } from '../../../src/model/arm-id.ts'

const GROUP = '/subscriptions/s/resourceGroups/g' as ArmId
const RUN = {
  repository: 'o/r',
  sha: 'a',
  runId: '1',
  runAttempt: 1,
  job: 'refresh',
  nonce: 'a1b2c3',
  runUrl: 'https://x/1',
  actor: 'a',
  eventName: 'push',
}
const tags = provenanceTags({ image: 'golden', target: '/g/golden', version: '1.0.0', source: '/vm', fingerprint: 'f' }, RUN, {})
const question: CopyQuestion = {
  group: GROUP,
  name: copyName('golden', '1.0.0', RUN),
  vm: {
    id: '/vm',
    name: 'vm',
    location: 'westeurope',
    osType: 'Linux',
    osDisk: { name: 'os', caching: 'ReadWrite' },
    dataDisks: [],
    statuses: [],
    tags: {},
  },
  captured: [
    { disk: 'os', sourceId: '/disks/os', caching: 'ReadWrite' },
    { disk: 7, sourceId: '/disks/data', caching: 'None' },
  ],
  tags,
}

// biome-ignore lint/suspicious/noExplicitAny: bodies as ARM reads them
const bodyOf = (plan: ReturnType<typeof planCopy>, type: string): any => plan.groups.flat().find(({ id }) => id.includes(`/${type}/`))?.body

describe('a copy', () => {
  const plan = planCopy(question)

  test('is put from what is referred to, to what refers to it', () => {
    const order = plan.groups.flat().map(({ id }) => id)
    for (const { id, body } of plan.groups.flat()) {
      const mentioned = order.filter((other) => other !== id && JSON.stringify(body).includes(`"${other}`))
      for (const other of mentioned) expect(order.indexOf(other)).toBeLessThan(order.indexOf(id))
    }
    expect(bodyOf(plan, 'virtualMachines').properties.storageProfile.osDisk.managedDisk.id).toBe(plan.disks[0])
  })

  test('keeps LUNs and caching', () => {
    expect(bodyOf(plan, 'virtualMachines').properties.storageProfile.dataDisks).toEqual([
      { lun: 7, createOption: 'Attach', deleteOption: 'Delete', caching: 'None', managedDisk: { id: plan.disks[1] } },
    ])
  })

  test('is not reachable from outside', () => {
    expect(JSON.stringify(plan)).not.toContain('publicIPAddress')
  })

  test('has all its parts tagged as temporary', () => {
    for (const { body } of plan.groups.flat()) expect(body).toMatchObject({ tags: { ...tags, [TEMPORARY_TAG]: 'golden' } })
  })

  test('runs the script of the user before it is generalized', () => {
    expect(plan.scripts).toEqual([GENERALIZE.Linux])
    expect(planCopy({ ...question, prepareScript: 'apt-get upgrade' }).scripts).toEqual(['apt-get upgrade', plan.scripts[0]])
    expect(planCopy({ ...question, vm: { ...question.vm, osType: 'Windows' } }).scripts).toEqual([GENERALIZE.Windows])
  })

  test('carries plan and security type of its VM', () => {
    const vm = { ...question.vm, plan: { name: 'n', publisher: 'p', product: 'x' }, securityType: 'TrustedLaunch' }
    expect(bodyOf(planCopy({ ...question, vm }), 'virtualMachines')).toMatchObject({
      plan: vm.plan,
      properties: { securityProfile: { securityType: 'TrustedLaunch' } },
    })
  })

  test('boots as its VM does: a driver that nobody signed does not start with secure boot', () => {
    const uefiSettings = { secureBootEnabled: false, vTpmEnabled: true }
    const boots = { ...question.vm, securityType: 'TrustedLaunch', uefiSettings }
    const { securityProfile } = bodyOf(planCopy({ ...question, vm: boots }), 'virtualMachines').properties
    expect(securityProfile).toEqual({ securityType: 'TrustedLaunch', uefiSettings })
    const standard = bodyOf(planCopy({ ...question, vm: { ...question.vm, securityType: 'Standard' } }), 'virtualMachines')
    expect(standard.properties.securityProfile).toBeUndefined()
  })

  test('has names that Azure takes, however long the image is called', () => {
    const longest = { runId: '19876543210', nonce: 'a1b2c3' }
    expect(copyName('g'.repeat(80), '2147483647.2147483647.2147483647', longest).length).toBeLessThanOrEqual(60)
    for (const { id } of plan.groups.flat()) expect(temporaryApiVersion(id)).toBeDefined()
  })

  test('has names that no other job of the workflow run has', () => {
    expect(copyName('golden', '1.0.0', RUN)).not.toBe(copyName('golden', '1.0.0', { ...RUN, nonce: '000000' }))
  })
})
