import { isDeepStrictEqual } from 'node:util'
import { AzureError } from '../errors/azure-error.ts'
import { DataPlaneUnreachableError } from '../errors/run-errors.ts'
import type { Pool } from '../model/batch.ts'
import type { BatchDataPlane, ResizeRequest } from '../model/batch-service.ts'
import type { NodeTotals } from '../model/nodes.ts'
import { type StepContext, waitFor } from '../run/context.ts'
import type { PoolEditor } from './editor.ts'
import { refuseForeignTarget } from './foreign-size.ts'
import { startAt, startOf, targetFrom } from './size.ts'

const BUSY_DELAY_MS = 5_000

/** The pool to be resized, and what reads it. */
export interface ResizablePool {
  readonly name: string
  readonly editor: PoolEditor
  readonly plane: BatchDataPlane
  /** The pool when nobody resizes it any more. */
  waitUntilIdle(): Promise<Pool>
}

/** Sends resizes of one pool, one at a time, and knows which of them Azure began. */
export class ResizeSender {
  readonly #resized: ResizablePool
  readonly #context: StepContext
  #requested: NodeTotals | undefined

  constructor(resized: ResizablePool, context: StepContext) {
    this.#resized = resized
    this.#context = context
  }

  /** What this run requested last. Until it has requested anything, the pool is as others left it. */
  get requested(): NodeTotals | undefined {
    return this.#requested
  }

  /** Creating or changing the pool began a resize to `target`. */
  expect(target: NodeTotals): void {
    this.#requested = target
  }

  /**
   * Sends a resize; gives when it began by Azure's clock. An answer that was lost shows as `PoolBeingResized` on the next try. Without
   * the data plane a PATCH does it, believed only if the start moved: `undefined` where it did not. While it waited for another resize to
   * end, the pool may have changed: `refuse` throws where the request is no longer due.
   */
  async send(request: ResizeRequest, refuse: (now: Pool) => void = () => {}): Promise<number | undefined> {
    const before = startOf(await this.#resized.editor.get())
    const requested = targetFrom(request)
    try {
      await this.#resized.editor.whenVisible(() => this.#resized.plane.resize(this.#resized.name, request))
    } catch (error) {
      if (error instanceof DataPlaneUnreachableError) {
        const { etag } = await this.#resized.editor.get()
        const after = await this.#resized.editor.update({ scaleSettings: { fixedScale: { ...request } } }, etag)
        this.#requested = requested
        return startOf(after) > before ? startOf(after) : undefined
      }
      if (!(error instanceof AzureError && error.status === 409)) throw error
      const { resizeOperationStatus: status, allocationState } = (await this.#resized.editor.get()).properties
      const isOurs = status !== undefined && isDeepStrictEqual(targetFrom(status), requested) && startAt(status.startTime) > before
      if (!isOurs) {
        if (allocationState === 'Steady' && !/^PoolBeing(?:Resized|Created)$/i.test(error.code)) throw error
        const pool = await this.#resized.waitUntilIdle()
        if (this.#requested) refuseForeignTarget(pool, this.#requested)
        refuse(pool)
        await this.#context.clock.sleep(BUSY_DELAY_MS, this.#context.signal)
        return this.send(request, refuse)
      }
    }
    this.#requested = requested
    return this.startOfLastResize(before)
  }

  /** A resize shows in the pool a moment after it was accepted. */
  startOfLastResize(previousMs: number): Promise<number> {
    return waitFor(
      this.#context,
      () => `the resize of pool ${this.#resized.name} to begin`,
      () => 1_000,
      async () => {
        const startedAtMs = startOf(await this.#resized.editor.get())
        return startedAtMs > previousMs ? startedAtMs : undefined
      },
    )
  }
}
