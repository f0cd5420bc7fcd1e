/** `disk-encryption-sets`: customer-managed keys from the disks of the VM to every replica. */
import { expect, test } from 'vitest'
import { loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import { again, annotations, requestsTo, run, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('customer-managed-keys')
const { vm, inputs } = scenario

test('every replica has its sets, by disk; an unchanged version is used again', async () => {
  const ran = await run('customer-managed-keys')
  expect(annotations(ran)).toEqual([])
  const [put] = requestsTo(ran.azure, 'PUT', /\/versions\//)
  const shown = JSON.stringify(put?.liveRequest.body).replaceAll(/[^"]*\/diskEncryptionSets\//g, '')
  expect(JSON.parse(shown).properties.publishingProfile.targetRegions).toMatchObject([
    {
      name: 'westeurope',
      encryption: {
        osDiskImage: { diskEncryptionSetId: 'keys-west' },
        dataDiskImages: [
          { lun: 0, diskEncryptionSetId: 'keys-west' },
          { lun: 5, diskEncryptionSetId: 'keys-west-data' },
        ],
      },
    },
    { name: 'northeurope', encryption: { osDiskImage: { diskEncryptionSetId: 'keys-north' } } },
  ])
  const second = await again(ran.azure, inputs)
  expect(second.outputs).toMatchObject({ result: 'unchanged', 'image-version': ran.outputs['image-version'] })
  const rotated = { ...inputs, 'disk-encryption-sets': 'westeurope=keys-west\nnortheurope=keys-north' }
  const third = await again(ran.azure, rotated)
  expect(third.outputs['image-version']).not.toBe(ran.outputs['image-version'])
  expect(third.log).toContain('the disk encryption sets differ from those of version')
})

test.each([
  ['no set for a region', { 'disk-encryption-sets': 'westeurope=keys-west' }, /names none for northeurope/],
  ['a set of another region', { 'disk-encryption-sets': 'westeurope=keys-north\nnortheurope=keys-north' }, /keys-north is in northeurope/],
  [
    'a set that is not there',
    { 'disk-encryption-sets': 'westeurope=lost\nnortheurope=keys-north' },
    /disk encryption set lost was not found/,
  ],
  ['the VM itself', { capture: 'generalized' }, /is to be made of golden itself/],
])('%s: nothing is written', async (_, changed, seen) => {
  const ran = await run('customer-managed-keys', changed)
  expect(annotations(ran)[0]).toMatch(seen)
  expect(writes(ran.azure)).toEqual([])
})

test('no permission to read a set: reported before the first write', async () => {
  const ran = await run('customer-managed-keys', {}, { denied: ['Microsoft.Compute/diskEncryptionSets/read'] })
  expect(annotations(ran)[0]).toMatch(/lacks Microsoft\.Compute\/diskEncryptionSets\/read on diskEncryptionSets keys-/)
  expect(writes(ran.azure)).toEqual([])
})

test('the embedded Azure replicates keys to no region without a set', async () => {
  const ran = await run('customer-managed-keys', { 'disk-encryption-sets': '' }, { vm: { ...vm, osDisk: {} } }, ({ world }) => {
    // What Azure does not show of a disk is known to its replication.
    for (const disk of world.all()) if (disk.name === 'golden-data5') delete disk.properties.encryption
  })
  expect(annotations(ran)[0]).toMatch(/golden-data0 is encrypted/)
})

testConformance()
