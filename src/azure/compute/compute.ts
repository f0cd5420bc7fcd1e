import type { Compute } from '../../model/compute.ts'
import type { Connection } from '../connection.ts'
import { ComputeCalls } from './calls.ts'
import { disks } from './disks.ts'
import { galleries } from './galleries.ts'
import { images } from './images.ts'
import { virtualMachines } from './virtual-machines.ts'

/** Microsoft.Compute through `@azure/arm-compute`. */
export function createCompute(connection: Connection): Compute {
  const calls = new ComputeCalls(connection)
  return { ...virtualMachines(calls), ...disks(calls), ...galleries(calls), ...images(calls) }
}
