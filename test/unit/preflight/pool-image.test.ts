import { describe, expect, test } from 'vitest'
import { checkAll } from '../../../src/preflight/rules.ts'
import { factsOf } from '../../fixtures/rule-examples.ts'

const EPHEMERAL =
  'startTask: { commandLine: mount }\ndeploymentConfiguration: { virtualMachineConfiguration: { osDisk: { ephemeralOSDiskSettings: { placement: CacheDisk } } } }'
const GIB = 1_024 ** 3

describe('ephemeral OS disks against the cache of the size', () => {
  test.each([
    ['a disk that fits', 30, []],
    [
      'a disk that is larger than the cache',
      20,
      ['pool render has ephemeral OS disks of 30 GiB, and Standard_D4s_v5 has a cache of 20 GiB'],
    ],
    ['a size whose cache Batch does not report', undefined, []],
  ])('%s', (_, cacheGiB, expected) => {
    const capabilities = { vCPUs: '4', HyperVGenerations: 'V1,V2', ...(cacheGiB && { CachedDiskBytes: String(cacheGiB * GIB) }) }
    const facts = factsOf({ 'pool-spec': EPHEMERAL }, { vmSizes: [{ name: 'Standard_D4s_v5', capabilities }] })
    const found = checkAll([facts]).filter(({ id }) => id === 'pool-ephemeral-os-disk')
    expect(found.map(({ seen }) => seen)).toEqual(expected)
  })
})
