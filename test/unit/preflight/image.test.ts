import { describe, expect, test } from 'vitest'
import { TAGS } from '../../../src/image/tags.ts'
import type { Tags } from '../../../src/model/arm.ts'
import type { ImageVersion, ManagedImage } from '../../../src/model/compute.ts'
import type { Observed } from '../../../src/observe/observed.ts'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const { vm } = factsOf().observed
const OTHER_SOURCE = `${vm?.vm.id}-of-another-line`
const ownTags = (source: string | undefined): Tags => ({
  [TAGS.tool]: 'azure-batch-image-pool',
  [TAGS.image]: 'golden',
  [TAGS.version]: '1.0.0',
  [TAGS.fingerprint]: 'of-another-time',
  ...(source && { [TAGS.source]: source }),
})
const group = vm?.vm.id.replace(/\/virtualMachines\/.*/, '')

const version = (provisioningState: string, tags: Tags): Partial<Observed> => {
  const made: ImageVersion = {
    id: `${group}/galleries/images/images/golden/versions/1.0.0`,
    name: '1.0.0',
    location: 'westeurope',
    provisioningState,
    targetRegions: [{ name: 'West Europe', replicas: 1 }],
    replication: [],
    sourceIds: [],
    tags,
  }
  return { versions: [made] }
}
const managed = (name: string, provisioningState: string, tags: Tags): Partial<Observed> => {
  const made: ManagedImage = {
    id: `${group}/images/${name}`,
    name,
    location: 'westeurope',
    provisioningState,
    sourceIds: [],
    luns: [],
    tags,
  }
  return { images: [made] }
}
const MANAGED = { 'image-kind': 'managed', gallery: '' }
const ids = (inputs: Readonly<Record<string, string>>, changes: Partial<Observed>) =>
  checkAll([factsOf({ 'image-version': '1.0.0', ...inputs }, changes)])
    .map(({ id }) => id)
    .filter((id) => id.startsWith('image-version-'))

describe('a version requested by name', () => {
  test.each<[string, Record<string, string>, Partial<Observed>, readonly string[]]>([
    ['of another source', {}, version('Succeeded', ownTags(OTHER_SOURCE)), ['image-version-taken']],
    ['of another source, half-made', {}, version('Creating', ownTags(OTHER_SOURCE)), ['image-version-taken']],
    ["of somebody else's, being replicated", {}, version('Updating', {}), ['image-version-taken']],
    ["of somebody else's, failed", {}, version('Failed', {}), ['image-version-taken']],
    ['of this source, as it was', {}, version('Succeeded', ownTags(vm?.vm.id)), ['image-version-older']],
    ['of this source, as it was, half-made', {}, version('Creating', ownTags(vm?.vm.id)), ['image-version-older']],
    ['of this source, failed: it is rebuilt', {}, version('Failed', ownTags(vm?.vm.id)), []],
    ['as managed image of another source', MANAGED, managed('golden-1.0.0', 'Succeeded', ownTags(OTHER_SOURCE)), ['image-version-taken']],
    ["as managed image of somebody else's", MANAGED, managed('golden-1.0.0', 'Succeeded', {}), ['image-version-taken']],
    ["as failed managed image of somebody else's", MANAGED, managed('golden-1.0.0', 'Failed', {}), ['image-version-taken']],
    [
      'as managed image of this source, as it was',
      MANAGED,
      managed('golden-1.0.0', 'Succeeded', ownTags(vm?.vm.id)),
      ['image-version-older'],
    ],
    ['as managed image of another name', MANAGED, managed('golden-1.0.1', 'Succeeded', {}), []],
  ])('%s', (_, inputs, changes, expected) => {
    expect(ids(inputs, changes)).toEqual(expected)
  })
})
