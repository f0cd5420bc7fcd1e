/** How long operations last: as long as the median of recorded Azure, unless the scenario has times of its own. */

/** Seconds by kind of operation, used up in order; the last one again and again. */
export type ScenarioDurations = Readonly<Partial<Record<'snapshot' | 'image' | 'version' | 'allocation', readonly number[]>>>

export class Durations {
  readonly #left: Record<string, number[]>

  constructor(own: ScenarioDurations = {}) {
    this.#left = Object.fromEntries(Object.entries(own).map(([kind, seconds]) => [kind, [...seconds]]))
  }

  /** Milliseconds of the next operation of this kind. */
  next(kind: keyof ScenarioDurations, medianMs: number): number {
    const left = this.#left[kind] ?? []
    const seconds = left.length > 1 ? left.shift() : left[0]
    return seconds === undefined ? medianMs : seconds * 1_000
  }
}
