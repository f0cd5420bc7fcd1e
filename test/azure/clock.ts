/**
 * The embedded Azure's time: real time since `epochMs`, multiplied by `speed`. The action's process runs on the same time
 * (`clock-preload.mjs`), so that both read the same calendar.
 */
export class AzureClock {
  readonly epochMs: number
  readonly speed: number
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(speed = 1, epochMs = Date.now()) {
    this.speed = speed
    this.epochMs = epochMs
  }

  now(): Date {
    return new Date(this.epochMs + (Date.now() - this.epochMs) * this.speed)
  }

  /** Calls `action` after `ms` of Azure's time; the function returned cancels it. */
  after(ms: number, action: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, ms / this.speed)
    this.#timers.add(timer)
    return () => {
      clearTimeout(timer)
      this.#timers.delete(timer)
    }
  }

  /** Cancels everything that is still to come. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }
}
