/** What a proof pool is like: its kind of nodes, and its body. */
import { describe, expect, test } from 'vitest'
import { MARKS } from '../../../src/pool/marks.ts'
import { describeProof } from '../../../src/pool/proof-plan.ts'
import { NETWORK, only, plan, pool, RUN, type Wish, wanted } from '../../fixtures/proofs.ts'

describe('of which kind its nodes are', () => {
  const spot = { dedicated: 0, lowPriority: 1 }
  const dedicated = { dedicated: 1, lowPriority: 0 }
  const formula = (text: string): Wish => ({
    properties: { scaleSettings: { autoScale: { formula: text } } },
    request: { autoScale: true, target: { dedicated: 0, lowPriority: 0 } },
  })
  const standing = (currentDedicatedNodes: number, currentLowPriorityNodes: number) => ({
    existing: pool('render', { currentDedicatedNodes, currentLowPriorityNodes }),
  })
  test.each<[string, Wish, object]>([
    ['dedicated nodes', {}, dedicated],
    ['Spot nodes only', { request: { target: { dedicated: 0, lowPriority: 5 } } }, spot],
    ['both', { request: { target: { dedicated: 1, lowPriority: 5 } } }, dedicated],
    ['none', { request: { target: { dedicated: 0, lowPriority: 0 } } }, dedicated],
    ['a formula that has given Spot nodes', { ...formula('$TargetLowPriorityNodes = 5;'), ...standing(0, 5) }, spot],
    ['a formula that has given both', { ...formula('…'), ...standing(1, 5) }, dedicated],
    ['a formula that says 0 now, of Spot nodes', { ...formula('$TargetLowPriorityNodes = 0;'), ...standing(0, 0) }, spot],
    [
      'a formula that says 0 now, of both',
      { ...formula('$TargetDedicated = 0; $TargetLowPriorityNodes = 0;'), ...standing(0, 0) },
      dedicated,
    ],
  ])('a pool of %s', (_, wish, target) => {
    expect(only([plan(wish)]).target).toEqual(target)
  })
})

describe('its body', () => {
  test('is the wanted spec at its own size, with the marks of pool and run', () => {
    const startTask = { commandLine: '/bin/start' }
    const proof = only([plan({ properties: { startTask, metadata: [{ name: 'team', value: 'vfx' }] } })])
    expect(proof.properties).toEqual({
      ...wanted({ startTask }),
      scaleSettings: { fixedScale: { targetDedicatedNodes: 1, targetLowPriorityNodes: 0 } },
      metadata: [
        { name: 'team', value: 'vfx' },
        { name: MARKS.proofOf, value: 'render' },
        { name: MARKS.proofRun, value: RUN },
      ],
    })
    expect(proof.leftOut).toEqual([])
  })

  test('keeps what people added to the pool, whose it will be', () => {
    const networkConfiguration = { subnetId: `${NETWORK}/virtualNetworks/n/subnets/s` }
    const identity = { type: 'UserAssigned' as const, userAssignedIdentities: { '/i': { principalId: 'p' } } }
    const existing = pool('render', { networkConfiguration, resizeOperationStatus: {} }, { identity, tags: { team: 'vfx' } })
    for (const action of ['reimage', 'replace'] as const) {
      const proof = only([plan({ existing, action })])
      expect(proof.properties.networkConfiguration).toEqual(networkConfiguration)
      expect(proof.properties).not.toHaveProperty('resizeOperationStatus')
      expect(proof.envelope).toEqual({
        identity: { type: 'UserAssigned', userAssignedIdentities: { '/i': {} } },
        tags: { team: 'vfx' },
      })
    }
  })

  test('has no mark of the pool that it proves', () => {
    const metadata = [
      { name: MARKS.before, value: '{}' },
      { name: MARKS.successorOf, value: 'render' },
    ]
    const names = only([plan({ existing: pool('render', { metadata }) })]).properties.metadata?.map(({ name }) => name)
    expect(names).toEqual([MARKS.proofOf, MARKS.proofRun])
  })

  test.each<[string, Wish, object, string]>([
    [
      'public addresses given by id',
      {
        properties: {
          networkConfiguration: {
            subnetId: 's',
            publicIPAddressConfiguration: { provision: 'UserManaged', ipAddressIds: [`${NETWORK}/publicIPAddresses/a`] },
          },
        },
      },
      { networkConfiguration: { subnetId: 's' } },
      'public IP addresses',
    ],
    ['a display name', { properties: { displayName: 'Render' } }, { displayName: undefined }, 'display name'],
    [
      'user accounts that only Azure knows',
      { existing: pool('render', { userAccounts: [{ name: 'u' }] }) },
      { userAccounts: undefined },
      'user accounts',
    ],
    [
      'mounts whose key only Azure knows',
      { existing: pool('render', { mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a' } }] }) },
      { mountConfiguration: undefined },
      'mounts',
    ],
  ])('leaves out %s, and reports it', (_, wish, members, words) => {
    const proof = only([plan(wish)])
    for (const [name, value] of Object.entries(members)) expect(proof.properties[name]).toEqual(value)
    expect(describeProof(proof)).toContain(words)
  })

  test('has public addresses that Batch gives it, and mounts by identity', () => {
    const networkConfiguration = { publicIPAddressConfiguration: { provision: 'NoPublicIPAddresses' } }
    const mountConfiguration = [{ azureBlobFileSystemConfiguration: { accountName: 'a', identityReference: { resourceId: '/i' } } }]
    const proof = only([plan({ properties: { networkConfiguration }, existing: pool('render', { mountConfiguration }) })])
    expect(proof.properties).toMatchObject({ networkConfiguration, mountConfiguration })
    expect(proof.leftOut).toEqual([])
  })
})
