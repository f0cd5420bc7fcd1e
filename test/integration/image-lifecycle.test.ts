/** The life cycle of a version: rebuilt by age, shallow, end of life. */
import { afterEach, describe, expect, test } from 'vitest'
import { DEFINITION, LIVE, open, scenario } from '../fixtures/image-safety-runs.ts'
import { again, annotations, namesOf, requestsTo, run, testConformance } from '../fixtures/whole-runs.ts'

afterEach(async () => {
  await Promise.all(open.splice(0).map((azure) => azure.close()))
})

describe('life cycle', () => {
  test('an unchanged source is rebuilt once its version is older than `rebuild` allows', async () => {
    const first = await run('happy', { ...LIVE, rebuild: '7d' })
    const inputs = { ...scenario.inputs, ...LIVE, rebuild: '7d' }
    expect((await again(first.azure, inputs)).outputs.result).toBe('unchanged')
    const profile = first.azure.world.get(`${DEFINITION}/versions/${first.outputs['image-version']}`)?.properties.publishingProfile
    profile.publishedDate = new Date(first.azure.clock.now().getTime() - 8 * 86_400_000).toISOString()
    const second = await again(first.azure, inputs)
    expect(annotations(second)).toEqual([])
    expect(second.outputs['image-version']).not.toBe(first.outputs['image-version'])
    expect(second.summary).toMatch(/is 8 days old, more than 7 days/)
  })

  test('a shallow version is one replica, and keeps its snapshots', async () => {
    const ran = await run('happy', { ...LIVE, replication: 'shallow' })
    expect(annotations(ran)).toEqual([])
    const { publishingProfile } = ran.azure.world.get(`${DEFINITION}/versions/${ran.outputs['image-version']}`)?.properties ?? {}
    expect(publishingProfile).toMatchObject({ replicationMode: 'Shallow', targetRegions: [{ regionalReplicaCount: 1 }] })
    await again(ran.azure, { ...scenario.inputs, ...LIVE })
    expect(namesOf(ran.azure, 'snapshots')).toHaveLength(3)
  })

  test('the end of life is set on a new version, and on one that is reused', async () => {
    const ran = await run('happy', { ...LIVE, 'end-of-life': '90d' })
    const version = ran.azure.world.get(`${DEFINITION}/versions/${ran.outputs['image-version']}`)
    const lifeMs = () => {
      const { endOfLifeDate, publishedDate } = version?.properties.publishingProfile ?? {}
      return Date.parse(endOfLifeDate) - Date.parse(publishedDate)
    }
    expect(lifeMs() / 86_400_000).toBeCloseTo(90, 0)
    const second = await again(ran.azure, { ...scenario.inputs, ...LIVE, 'end-of-life': '30d' })
    expect(annotations(second)).toEqual([])
    expect(second.outputs.changed).toBe('true')
    const [, update] = requestsTo(ran.azure, 'PUT', /\/versions\//)
    expect(JSON.stringify(update?.liveRequest.body)).toContain('endOfLifeDate')
  })
})

testConformance()
