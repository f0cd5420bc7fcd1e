/**
 * The embedded Azure's time: real time, multiplied by `speed`. The action's process runs on the same time (`clock-preload.cjs`), so
 * that both read the same calendar. Where every process that has joined only waits, the time jumps to what comes next.
 */
import type { ChildProcess } from 'node:child_process'

export class AzureClock {
  #speed: number
  #realMs = Date.now()
  #azureMs = this.#realMs
  readonly #timers = new Set<Timer>()
  /** Processes on this time; the value is when the first timer of one that only waits is due. */
  readonly #joined = new Map<ChildProcess, number | undefined>()

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

  /** From now on time jumps while this process, and every other that has joined, only waits. It needs a channel for messages. */
  join(child: ChildProcess): void {
    this.#joined.set(child, undefined)
    child.on('message', (waitsUntilMs: number) => {
      this.#joined.set(child, waitsUntilMs)
      this.#jump()
    })
    child.on('close', () => {
      this.#joined.delete(child)
      this.#jump()
    })
  }

  /** The request that came from this port is never answered: who sent it only waits for its own timeout. */
  hang(port: number | undefined): void {
    for (const child of this.#joined.keys()) if (child.connected) child.send({ hangingPort: port }, () => undefined)
  }

  /** Lets `ms` of Azure's time pass at once. */
  skip(ms: number): void {
    this.#advanceTo(this.now().getTime() + ms)
  }

  /** Cancels everything that is still to come. */
  stop(): void {
    for (const timer of this.#timers) this.#drop(timer)
  }

  #jump(): void {
    const waits = [...this.#joined.values()].filter((due) => due !== undefined)
    if (waits.length === 0 || waits.length < this.#joined.size) return
    this.#advanceTo(Math.min(...waits))
    for (const child of this.#joined.keys()) {
      this.#joined.set(child, undefined)
      if (child.connected) child.send({ jumpedMs: this.#azureMs, atMs: this.#realMs }, () => undefined)
    }
  }

  /** What is due on the way happens at its own time. */
  #advanceTo(ms: number): void {
    for (;;) {
      const nowMs = this.now().getTime()
      const next = [...this.#timers].reduce<Timer | undefined>(
        (first, timer) => (first && first.dueMs <= timer.dueMs ? first : timer),
        undefined,
      )
      const isDue = next !== undefined && next.dueMs <= ms
      this.#azureMs = Math.max(nowMs, isDue ? next.dueMs : ms)
      this.#realMs = Date.now()
      if (!isDue) break
      this.#drop(next)
      next.action()
    }
    for (const timer of this.#timers) this.#arm(timer)
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
