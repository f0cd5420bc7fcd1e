import { isDeepStrictEqual } from 'node:util'
import { AzureError } from '../errors/azure-error.ts'
import { ForeignChangeError, type PoolError } from '../errors/run-errors.ts'
import type { ArmId } from '../model/arm-id.ts'
import { type Pool, type PoolEnvelope, type PoolProperties, settableIn } from '../model/batch.ts'
import { emit, type StepContext } from '../run/context.ts'
import { saysAll } from './drift.ts'
import { isBeingDeleted } from './family.ts'
import { type MarkChanges, markIn, marksIn, withMark, withMarks, withoutMarks } from './marks.ts'

const MOST_MARKINGS = 5
/** Azure's reads are eventually consistent: a pool that was just made may not be visible yet, on either plane. */
const VISIBLE_WITHIN_MS = 90_000
const VISIBLE_DELAY_MS = 2_000

/** What to write to a pool. */
export interface PoolChange {
  readonly properties: PoolProperties
  readonly envelope?: PoolEnvelope
  readonly marks?: MarkChanges
  /** PUT, which removes what is not named. Absent: PATCH. */
  readonly isWhole?: true
}

/** One pool, read and changed under its ETag: nothing that others wrote meanwhile is overwritten. */
export class PoolEditor {
  readonly #pool: { readonly id: ArmId; readonly name: string }
  readonly #context: StepContext
  #visibleByMs = 0

  constructor(pool: { readonly id: ArmId; readonly name: string }, context: StepContext) {
    this.#pool = pool
    this.#context = context
  }

  /** To be called when this run makes the pool: for a while, a 404 then means that it is not visible yet. */
  expectVisible(): void {
    this.#visibleByMs = this.#context.clock.now().getTime() + VISIBLE_WITHIN_MS
  }

  /** Calls `act`, and calls it again while a pool that was just made is not visible yet. */
  async whenVisible<T>(act: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#context
    for (;;) {
      try {
        return await act()
      } catch (error) {
        if (!(error instanceof AzureError && error.status === 404) || clock.now().getTime() >= this.#visibleByMs) throw error
        await clock.sleep(VISIBLE_DELAY_MS, signal)
      }
    }
  }

  /** @throws ForeignChangeError where the pool is gone or being deleted */
  get(): Promise<Pool> {
    return this.#read((id) => this.#context.batch.getPool(id))
  }

  /** The same for those who poll and write nothing on the strength of it. */
  watch(): Promise<Pool> {
    return this.#read((id) => this.#context.batch.watchPool(id, this.#context.signal))
  }

  async #read(read: (id: ArmId) => Promise<Pool | undefined>): Promise<Pool> {
    const { clock, signal } = this.#context
    for (;;) {
      const pool = await read(this.#pool.id)
      if (pool && !isBeingDeleted(pool)) return pool
      if (clock.now().getTime() >= this.#visibleByMs) throw this.#deleted(pool)
      await clock.sleep(VISIBLE_DELAY_MS, signal)
    }
  }

  #deleted(pool: Pool | undefined): PoolError {
    return new ForeignChangeError({
      title: 'Pool deleted',
      message: `pool ${this.#pool.name} ${pool ? 'is being deleted' : 'was deleted during the run'}`,
      hint: 'Someone deleted it. Run again to create it.',
    })
  }

  /** Properties that are about to be overwritten, except the size, must be as they were when the run decided to. @throws ForeignChangeError */
  refuseForeignChange({ properties, isWhole }: PoolChange, now: PoolProperties, decidedOn: PoolProperties): void {
    const written = isWhole ? { ...settableIn(decidedOn), ...properties } : properties
    const overwritten = Object.keys(written).filter((name) => name !== 'scaleSettings')
    const foreign = overwritten.filter((name) => !isDeepStrictEqual(unmarked(name, now), unmarked(name, decidedOn)))
    if (foreign.length > 0) throw this.#changedByOthers(foreign)
  }

  /**
   * Changes the pool under its ETag. What it overwrites must be as it was when the run decided. A lost answer makes the next attempt fail
   * with 412, so what counts is whether the pool now has what was sent. Marks of this action stay. @throws ForeignChangeError
   */
  async patch(change: PoolChange, decidedOn?: PoolProperties): Promise<Pool> {
    const { etag, properties: now } = await this.get()
    if (decidedOn) this.refuseForeignChange(change, now, decidedOn)
    const { marks = {}, properties, isWhole } = change
    const others = isWhole ? [] : withoutMarks(now.metadata)
    const standing = marksIn(now.metadata).filter(({ name }) => markIn(properties.metadata, name) === undefined)
    const metadata = withMarks([...(properties.metadata ?? others), ...standing], marks)
    const isNoted = properties.metadata !== undefined || isWhole || Object.keys(marks).length > 0
    return this.#write({ ...change, properties: isNoted ? { ...properties, metadata } : properties }, etag)
  }

  /** Sets a mark of this action on the pool; without a value, removes it. Other changes that are made meanwhile are kept. */
  async mark(name: string, value?: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const { etag, properties } = await this.get()
      if (markIn(properties.metadata, name) === value) return
      try {
        const change = { metadata: withMark(properties.metadata, name, value) }
        await this.whenVisible(() => this.#context.batch.updatePool({ id: this.#pool.id, etag }, change))
        return this.#reportUpdated(change)
      } catch (error) {
        if (tries === MOST_MARKINGS || !(error instanceof AzureError && error.status === 412)) throw error
      }
    }
  }

  /** PATCH under an ETag that was read before. @throws ForeignChangeError */
  update(properties: PoolProperties, etag: string): Promise<Pool> {
    return this.#write({ properties }, etag)
  }

  async #write({ properties, envelope, isWhole }: PoolChange, etag: string): Promise<Pool> {
    const { batch } = this.#context
    const at = { id: this.#pool.id, etag }
    let pool: Pool
    try {
      pool = await this.whenVisible(() =>
        isWhole ? batch.replacePool(at, properties, envelope) : batch.updatePool(at, properties, envelope),
      )
    } catch (error) {
      if (!(error instanceof AzureError && error.status === 412)) throw error
      pool = await this.get()
      if (!saysAll(properties, pool.properties)) throw this.#changedByOthers(Object.keys(properties))
    }
    this.#reportUpdated(properties)
    return pool
  }

  #reportUpdated(properties: PoolProperties): void {
    const detail = Object.keys(properties).join(', ')
    emit(this.#context, { kind: 'resource', change: 'updated', type: 'pool', id: this.#pool.id, detail })
  }

  #changedByOthers(names: readonly string[]): PoolError {
    return new ForeignChangeError({
      title: 'Pool changed by someone else',
      message: `pool ${this.#pool.name} was changed during the run (${names.join(', ')}); the change was not overwritten`,
      hint: 'Run again: it starts from the pool as it is then. Let only one workflow or template own the pool.',
      link: 'https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency',
    })
  }
}

const unmarked = (name: string, properties: PoolProperties): unknown =>
  name === 'metadata' ? withoutMarks(properties.metadata) : properties[name]
