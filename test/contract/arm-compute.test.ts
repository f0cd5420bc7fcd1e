/** The operation groups that this action imports by path are those of the whole client: an update of arm-compute that moves or changes them fails here. */
import { ComputeManagementClient } from '@azure/arm-compute'
import type { TokenCredential } from '@azure/core-auth'
import { expect, test } from 'vitest'
import { createComputeClient } from '../../src/azure/compute/client.ts'

const credential: TokenCredential = { getToken: async () => null }
const { pipeline: _, ...groups } = createComputeClient(credential, 's', {})
const whole = new ComputeManagementClient(credential, 's')

test.each(Object.entries(groups))('%s has the operations of the whole client', (name, group) => {
  expect(Object.keys(group)).toEqual(Object.keys(whole[name as keyof typeof groups]))
  expect(Object.keys(group)).not.toEqual([])
})
