/** `retain-versions` and `mode: prune`. */
import { describe, expect, test } from 'vitest'
import { green, scenario } from '../fixtures/image-source-runs.ts'
import { again, annotations, IMAGE_HALF, namesOf, run, testConformance } from '../fixtures/whole-runs.ts'

describe('retention', () => {
  const PRUNE = {
    'resource-group': 'render',
    'image-name': 'golden',
    gallery: 'images',
    'batch-account': 'renderbatch',
    mode: 'prune',
    'retain-versions': '1',
  }

  test('after success all but the newest two versions go, and what a pool runs on stays', async () => {
    const first = await run('happy', { 'image-version': '1.0.0' })
    const { azure } = first
    for (const version of ['1.1.0', '1.2.0']) {
      await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': version, rebuild: 'always' })
    }
    const inputs = { ...scenario.inputs, 'image-version': '1.3.0', rebuild: 'always', 'retain-versions': '2', strategy: 'resize-only' }
    const planned = await again(azure, { ...inputs, mode: 'plan' })
    expect(JSON.parse(planned.outputs.plan ?? '')).toContainEqual(expect.objectContaining({ verb: 'delete', name: '1.1.0' }))
    const ran = await again(azure, inputs)
    green(ran)
    // 1.0.0 is older still, but the pool is on it.
    expect(namesOf(azure, 'galleries/images/versions').toSorted()).toEqual(['1.0.0', '1.2.0', '1.3.0'])
  })

  test('`mode: prune` does nothing else', async () => {
    const first = await run('happy', { ...IMAGE_HALF, 'image-version': '1.0.0' })
    const { azure } = first
    await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': '1.1.0', rebuild: 'always' })
    const ran = await again(azure, PRUNE)
    green(ran)
    expect(namesOf(azure, 'galleries/images/versions')).toEqual(['1.1.0'])
  })

  test('versions that cannot be deleted are all named, and hold up no other', async () => {
    const first = await run('happy', { ...IMAGE_HALF, 'image-version': '1.0.0' })
    const { azure } = first
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) {
      await again(azure, { ...scenario.inputs, ...IMAGE_HALF, 'image-version': version, rebuild: 'always' })
    }
    azure.intervene = ({ method, url }) => {
      const locked = method === 'DELETE' && /\/versions\/(1\.[01]\.0)\?/.exec(url)?.[1]
      const message = `The scope of version ${locked} cannot perform delete operation because following scope(s) are locked.`
      return locked ? { kind: 'answer', status: 409, body: { error: { code: 'ScopeLocked', message } } } : undefined
    }
    const ran = await again(azure, PRUNE)
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    for (const version of ['1.0.0', '1.1.0']) expect(annotations(ran)[0]).toContain(`The scope of version ${version} cannot`)
    expect(namesOf(azure, 'galleries/images/versions').toSorted()).toEqual(['1.0.0', '1.1.0', '1.3.0'])
  })

  test('is refused without the account whose pools may use the images', async () => {
    const ran = await run('happy', { ...IMAGE_HALF, 'retain-versions': '2' })
    expect(ran.exitCode).toBe(1)
    expect(annotations(ran)).toHaveLength(1)
    expect(annotations(ran)[0]).toContain('batch-account: is required: no image is deleted before')
  })
})

testConformance()
