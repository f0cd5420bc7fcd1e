/** Azure Resource Manager: what every resource has, and resources of any type. */
import type { ArmId } from './arm-id.ts'

export type Tags = Readonly<Record<string, string>>

/** A long operation that has been started. Its caller decides when to poll it. */
export interface LongOperation {
  /** Throws `AzureError` where the operation ended `Failed` or `Canceled`. */
  poll(): Promise<'InProgress' | 'Succeeded'>
}

export interface ArmResource {
  readonly id: string
  readonly type: string
  readonly location: string
  readonly tags: Tags
  readonly createdTime?: string
}

export interface ArmPut {
  readonly id: ArmId
  readonly apiVersion: string
  readonly body: object
}

export interface TagChange {
  readonly id: ArmId
  readonly operation: 'Merge' | 'Delete'
  readonly tags: Tags
}

export interface GetOptions {
  /** Parameters besides the api-version. */
  readonly query?: Readonly<Record<string, string>>
  /** After this time, retries included, the request is given up; for what a run can do without. Default: no limit of its own. */
  readonly withinMs?: number
}

/** Azure Resource Manager itself: resources of any type, as raw JSON. */
export interface Arm {
  /** `undefined` for 404. */
  get(id: ArmId, apiVersion: string, options?: GetOptions): Promise<object | undefined>
  /** Follows the long operation to its end. */
  put(request: ArmPut, signal: AbortSignal): Promise<void>
  /** Follows the long operation to its end; a resource that is already gone is not an error. */
  delete(id: ArmId, apiVersion: string, signal: AbortSignal): Promise<void>
  /** Adds tags to those of any resource, or takes some away. https://learn.microsoft.com/rest/api/resources/tags/update-at-scope */
  tag(request: TagChange, signal: AbortSignal): Promise<void>
  /**
   * All members of a collection, e.g. `…/providers/Microsoft.Compute/virtualMachines`, as Azure shows them. @throws AzureError, also for
   * 404
   */
  list(collection: ArmId, apiVersion: string): Promise<readonly object[]>
  /** Azure's own clock, by the `Date` header of its last answer; before the first one, the runner's clock. */
  now(): Date
  /** Resources of a subscription. https://learn.microsoft.com/rest/api/resources/resources/list#uri-parameters */
  find(subscriptionId: string, filter: string): Promise<readonly ArmResource[]>
}
