/** A gallery with soft delete: numbers of deleted versions are not taken, and what failed is left where it is. */
import { expect, test } from 'vitest'
import { GROUP_ID, loadScenario } from '../embedded-azure/scenarios/scenario.ts'
import type { EmbeddedAzure } from '../embedded-azure/server.ts'
import { again, annotations, azureOf, namesOf, testConformance, writes } from '../fixtures/whole-runs.ts'

const scenario = loadScenario('happy')
const imageHalf = {
  ...scenario.inputs,
  ...Object.fromEntries(
    ['batch-account', 'pool-id', 'pool-spec', 'vm-size', 'target-dedicated-nodes', 'resize-timeout'].map((name) => [name, '']),
  ),
}
const GALLERY = `${GROUP_ID}/providers/Microsoft.Compute/galleries/images`
const versions = (azure: EmbeddedAzure) => namesOf(azure, 'galleries/images/versions')
const heldBy = ({ world }: EmbeddedAzure) => world.all().filter(({ type }) => /softDeleted/i.test(type))

/** A gallery with soft delete, and one version that was deleted in it. */
async function afterDeletion(inputs: Readonly<Record<string, string>> = {}, denied: readonly string[] = []): Promise<EmbeddedAzure> {
  const azure = await azureOf({ ...scenario, denied })
  azure.world.put({
    ...{ id: GALLERY, name: 'images', type: 'Microsoft.Compute/galleries', location: 'westeurope' },
    properties: { provisioningState: 'Succeeded', softDeletePolicy: { isSoftDeleteEnabled: true } },
  })
  const first = await again(azure, { ...imageHalf, ...inputs })
  expect(annotations(first)).toEqual([])
  const id = `${GALLERY}/images/golden/versions/${first.outputs['image-version']}`
  azure.world.delete(id)
  azure.world.put({
    id: id.replace('/images/golden/', '/softDeletedArtifactTypes/images/artifacts/golden/'),
    name: first.outputs['image-version'] ?? '',
    type: 'Microsoft.Compute/galleries/softDeletedArtifactTypes/artifacts/versions',
    location: 'westeurope',
    properties: { resourceArmId: id, softDeletedArtifactType: 'Images' },
  })
  return azure
}

test('auto takes the next number', async () => {
  const azure = await afterDeletion()
  const [held] = heldBy(azure)
  const ran = await again(azure, imageHalf)
  expect(annotations(ran)).toEqual([])
  expect(ran.outputs['image-version']).toBe(held?.name.replace(/0$/, '1'))
})

test('a number that was requested is refused before the first write', async () => {
  const azure = await afterDeletion({ 'image-version': '1.0.0' })
  const before = writes(azure).length
  const ran = await again(azure, { ...imageHalf, 'image-version': '1.0.0' })
  expect(annotations(ran)[0]).toMatch(/version 1\.0\.0 of golden was deleted, and the gallery still holds it/)
  expect(writes(azure)).toHaveLength(before)
})

test('where the list cannot be read, a refused number is followed by the next one', async () => {
  const azure = await afterDeletion()
  azure.intervene = ({ url }) =>
    /softdeleted/i.test(url) ? { kind: 'answer', status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } } : undefined
  const ran = await again(azure, imageHalf)
  expect(annotations(ran)).toEqual([])
  expect(ran.log).toContain('a deleted version keeps its number')
  expect(versions(azure)).toEqual([expect.stringMatching(/\.1$/)])
})

test('a version that failed cannot be deleted there: it stays, and the next number is built', async () => {
  const azure = await afterDeletion()
  azure.world.replication.set('westeurope', { fails: true })
  const failed = await again(azure, imageHalf)
  expect(failed.outputs.result).toBe('failed')
  azure.world.replication.clear()
  const ran = await again(azure, imageHalf)
  expect(annotations(ran)).toEqual([])
  expect(ran.log).toContain('its gallery has soft delete')
  expect(versions(azure)).toHaveLength(2)
})

testConformance()
