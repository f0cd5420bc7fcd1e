// Loaded with `node --import` into the action's process: puts it on the embedded Azure's time, so that an hour there takes seconds here.
// `AbortSignal.timeout` stays on real time: request timeouts guard a real socket.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

const [speed, epochMs] = (process.env.EMBEDDED_AZURE_CLOCK ?? '1@0').split('@').map(Number)
const RealDate = Date
const now = () => Math.round(epochMs + (RealDate.now() - epochMs) * speed)

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
timersPromises.setTimeout = (ms = 0, ...args) => promisedLater(ms / speed, ...args)
syncBuiltinESMExports()
