/**
 * The embedded Azure's time: real time, multiplied by `speed`. The action's process runs on the same time (`clock-preload.mjs`), so
 * that both read the same calendar.
 */
export class AzureClock {
  #speed: number
  #realMs = Date.now()
  #azureMs = this.#realMs
  readonly #timers = new Set<Timer>()

  constructor(speed = 1) {
    this.#speed = speed
  }

  get speed(): number {
    return this.#speed
  }

  /** From now on, also for what is on its way. */
  set speed(speed: number) {
    this.#azureMs = this.now().getTime()
    this.#realMs = Date.now()
    this.#speed = speed
    for (const timer of this.#timers) this.#arm(timer)
  }

  /** For `EMBEDDED_AZURE_CLOCK` of a process that is to run on this time. */
  toString(): string {
    return [this.#speed, this.#realMs, this.#azureMs].join('@')
  }

  now(): Date {
    return new Date(this.#azureMs + (Date.now() - this.#realMs) * this.#speed)
  }

  /** Calls `action` after `ms` of Azure's time; the function returned cancels it. */
  after(ms: number, action: () => void): () => void {
    const timer: Timer = { dueMs: this.now().getTime() + ms, action }
    this.#timers.add(timer)
    this.#arm(timer)
    return () => this.#drop(timer)
  }

  /** Cancels everything that is still to come. */
  stop(): void {
    for (const timer of this.#timers) this.#drop(timer)
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle)
    const fire = () => {
      this.#timers.delete(timer)
      timer.action()
    }
    timer.handle = setTimeout(fire, Math.max(0, timer.dueMs - this.now().getTime()) / this.#speed)
  }

  #drop(timer: Timer): void {
    clearTimeout(timer.handle)
    this.#timers.delete(timer)
  }
}

interface Timer {
  readonly dueMs: number
  readonly action: () => void
  handle?: NodeJS.Timeout
}
