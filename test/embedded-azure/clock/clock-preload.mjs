// Loaded with `node --import` into the action's process: puts it on the embedded Azure's time, so that an hour there takes seconds here.
// Request timeouts (`AbortSignal.timeout`) guard a real socket: they are on the same time, but leave it seconds on a busy machine.
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

let [speed, realMs, azureMs] = (process.env.EMBEDDED_AZURE_CLOCK ?? '1@0@0').split('@').map(Number)
/** A test that has a request hang wants less of them. */
const SHORTEST_TIMEOUT_MS = Number(process.env.EMBEDDED_AZURE_SHORTEST_TIMEOUT_MS ?? 3_000)
const RealDate = Date
const now = () => Math.round(azureMs + (RealDate.now() - realMs) * speed)

class AzureDate extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args))
  }
  static now() {
    return now()
  }
}
globalThis.Date = AzureDate

const { setTimeout: later } = globalThis
const promisedLater = timersPromises.setTimeout
globalThis.setTimeout = Object.assign((action, ms = 0, ...args) => later(action, ms / speed, ...args), later)
timers.setTimeout = globalThis.setTimeout
AbortSignal.timeout = (ms) => {
  const controller = new AbortController()
  const expire = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  later(expire, Math.max(SHORTEST_TIMEOUT_MS, ms / speed)).unref()
  return controller.signal
}
timersPromises.setTimeout = (ms = 0, ...args) => promisedLater(ms / speed, ...args)
syncBuiltinESMExports()

// The seconds that a runner gives after a signal are real ones.
for (const name of ['SIGINT', 'SIGTERM']) {
  process.on(name, () => {
    azureMs = now()
    realMs = RealDate.now()
    speed = 1
  })
}
