// Loaded with `node --require` into the action's process: puts it on the embedded Azure's time, so that an hour there takes a moment here.
// Request timeouts (`AbortSignal.timeout`) guard a real socket: they are on the same time, but leave it seconds on a busy machine.
const http = require('node:http')
const https = require('node:https')
const { syncBuiltinESMExports } = require('node:module')
const process = require('node:process')
const timers = require('node:timers')
const timersPromises = require('node:timers/promises')

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

const later = globalThis.setTimeout
/** Timers that are still to come, by when they are due in Azure's time. */
const pending = new Map()
globalThis.setTimeout = Object.assign((action, ms = 0, ...args) => {
  const handle = later(
    (...given) => {
      pending.delete(handle)
      action(...given)
    },
    ms / speed,
    ...args,
  )
  pending.set(handle, now() + ms)
  lookSoon()
  return handle
}, later)
timers.setTimeout = globalThis.setTimeout
const drop = globalThis.clearTimeout
globalThis.clearTimeout = (handle) => {
  pending.delete(handle)
  drop(handle)
}
timers.clearTimeout = globalThis.clearTimeout
/** Request timeouts that have not expired: when each is due in Azure's time, and what expires it. */
const timeouts = new Set()
AbortSignal.timeout = (ms) => {
  const controller = new AbortController()
  const timeout = {
    dueMs: now() + ms,
    expire() {
      timeouts.delete(timeout)
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    },
  }
  timeouts.add(timeout)
  later(timeout.expire, Math.max(SHORTEST_TIMEOUT_MS, ms / speed)).unref()
  return controller.signal
}
timersPromises.setTimeout = (ms = 0, value = undefined, { signal, ref = true } = {}) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(handle)
      reject(new DOMException('The operation was aborted', { name: 'AbortError', cause: signal.reason }))
    }
    if (signal?.aborted) return stop()
    const handle = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve(value)
    }, ms)
    if (!ref) handle.unref()
    signal?.addEventListener('abort', stop, { once: true })
  })

// ---- Where this process only waits for timers, the embedded Azure's clock jumps to the first of them. A request that the embedded Azure
// never answers is such a wait, too: it ends with its timeout.

const requests = new Set()
/** Of `requests`, those that will never be answered. */
const hanging = new Set()
let fetches = 0
for (const module of [http, https]) {
  for (const name of ['request', 'get']) {
    const send = module[name]
    module[name] = (...args) => {
      const request = send(...args)
      requests.add(request)
      request.once('close', () => {
        requests.delete(request)
        hanging.delete(request)
        lookSoon()
      })
      return request
    }
  }
}
const realFetch = globalThis.fetch
globalThis.fetch = async (...args) => {
  fetches += 1
  try {
    return await realFetch(...args)
  } finally {
    fetches -= 1
    lookSoon()
  }
}
syncBuiltinESMExports()

const jumps = process.channel !== undefined
let look
/** A moment later, so that what follows from an answer has been sent. */
function lookSoon() {
  if (!jumps || look) return
  look = later(() => {
    look = undefined
    if (requests.size > hanging.size || fetches > 0 || speed === 1 || !process.connected) return
    const due = [...pending].filter(([handle]) => handle.hasRef()).map(([, dueMs]) => dueMs)
    if (hanging.size > 0) due.push(...[...timeouts].map(({ dueMs }) => dueMs))
    if (due.length > 0) process.send(Math.min(...due), () => undefined)
  }, 1)
  look.unref()
}
if (jumps) {
  process.channel.unref()
  process.on('message', ({ jumpedMs, atMs, hangingPort }) => {
    if (hangingPort) {
      for (const request of requests) if (request.socket?.localPort === hangingPort) hanging.add(request)
      return lookSoon()
    }
    azureMs = jumpedMs
    realMs = atMs
    if (hanging.size > 0) for (const timeout of timeouts) if (timeout.dueMs <= now()) timeout.expire()
    for (const [handle, dueMs] of pending) {
      handle._idleTimeout = Math.max(1, (dueMs - now()) / speed)
      handle.refresh()
    }
    lookSoon()
  })
  // A listener for messages holds the process open otherwise.
  process.channel.unref()
}

// The seconds that a runner gives after a signal are real ones.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    azureMs = now()
    realMs = RealDate.now()
    speed = 1
  })
}
