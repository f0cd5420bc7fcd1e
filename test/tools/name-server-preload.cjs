// Loaded with `node --require` into the action's process: the names of hosts of some requests, counted from 1, are not resolved.
const https = require('node:https')
const { syncBuiltinESMExports } = require('node:module')
const process = require('node:process')

/** E.g. `ENOTFOUND@3,17`. */
const [code, numbers] = (process.env.EMBEDDED_AZURE_UNRESOLVED ?? 'ENOTFOUND@').split('@')
const unresolved = new Set(numbers.split(',').map(Number))
const send = https.request
let requests = 0

https.request = (...args) => {
  const request = send(...args)
  requests += 1
  if (unresolved.has(requests)) {
    const error = Object.assign(new Error(`getaddrinfo ${code} ${request.host}`), {
      code,
      errno: -3008,
      syscall: 'getaddrinfo',
      hostname: request.host,
    })
    process.stderr.write(`no name server for request ${requests}\n`)
    request.destroy(error)
  }
  return request
}
syncBuiltinESMExports()
