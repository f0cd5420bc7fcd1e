/** What a build makes. */
import { describe, expect, test } from 'vitest'
import { runTag, TAGS } from '../../../src/image/tags.ts'
import { COMPUTE, osDisk } from '../../fixtures/golden-world.ts'
import { RUN } from '../../fixtures/run-context.ts'
import { build, data, OTHER, observe, plan, version, vm } from '../../fixtures/run-plans.ts'

describe('what is made', () => {
  test('a snapshot of every disk, LUNs kept, and the image of them', () => {
    const { snapshots, content } = build()
    expect(snapshots.map(({ disk, sourceId }) => [disk, sourceId])).toEqual([
      ['os', osDisk.id],
      [3, data.id],
    ])
    expect(content).toMatchObject({ kind: 'disks', dataDisks: [{ lun: 3, source: { kind: 'snapshot', id: snapshots[1]?.id } }] })
  })

  test('gallery and definition where they are missing, in that order', () => {
    const { gallery: _gallery, definition: _definition, ...rest } = observe()
    expect(plan({}, rest).changes.map(({ verb, type }) => `${verb} ${type}`)).toEqual([
      'create snapshot',
      'create snapshot',
      'create gallery',
      'create image definition',
      'create image version',
      'create pool',
    ])
  })

  test('a managed image is named after its version', () => {
    const image = build({ 'image-kind': 'managed' })
    expect(image.id).toBe(`${COMPUTE}/images/golden-2026.1124.0`)
    expect(image.gallery).toBeUndefined()
  })

  test.each<[string, Record<string, string>, boolean, object]>([
    ['stopped, if it ran', { capture: 'deallocate' }, true, { deallocate: vm.id }],
    ['left as it is, if it did not', { capture: 'deallocate' }, false, {}],
    ['prepared first', { 'prepare-script': 'waagent' }, true, { prepare: { vm: vm.id, script: 'waagent' } }],
  ])('a VM is %s', (_, inputs, isRunning, expected) => {
    const statuses = [isRunning ? 'PowerState/running' : 'PowerState/deallocated']
    const { deallocate, prepare } = build(inputs, observe({ vm: { vm: { ...vm, statuses }, extensions: [], disks: [osDisk, data] } }))
    expect({ ...(deallocate && { deallocate }), ...(prepare && { prepare }) }).toEqual(expected)
  })

  test.each([{ capture: 'copy' }, { 'image-kind': 'managed', gallery: '' }])('never more tags than Azure takes: %j', (inputs) => {
    const tags = Array.from({ length: 38 }, (_, index) => `t${index}=1`).join('\n')
    const seen = observe({ versions: [version('1.0.0', 'Succeeded', OTHER)] })
    const image = build({ ...inputs, tags, 'keep-snapshots': 'true' }, seen)
    const temporary = (image.copy?.groups ?? []).flat().map(({ body }) => (body as { tags: object }).tags)
    for (const all of [...temporary, { ...image.tags, [TAGS.pool]: 'render' }]) expect(Object.keys(all).length).toBeLessThanOrEqual(50)
  })

  test('a VM that is starting is stopped as one that runs', () => {
    const starting = { ...vm, statuses: ['PowerState/starting'] }
    expect(build({ capture: 'deallocate' }, observe({ vm: { vm: starting, extensions: [], disks: [osDisk, data] } })).deallocate).toBe(
      vm.id,
    )
  })

  test('all of it is tagged with where it is from', () => {
    expect(build({ tags: 'team=render' }, observe({ versions: [version('1.0.0', 'Succeeded', OTHER)] })).tags).toMatchObject({
      team: 'render',
      [TAGS.image]: 'golden',
      [TAGS.version]: '2026.1124.0',
      [TAGS.source]: vm.id,
      [TAGS.previousVersion]: '1.0.0',
      [TAGS.run]: runTag(RUN),
    })
  })
})
