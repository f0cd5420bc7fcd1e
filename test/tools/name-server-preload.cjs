// Loaded with `node --require` into the action's process: the name of the host of one request, counted from 1, is not resolved.
const https = require('node:https')
const { syncBuiltinESMExports } = require('node:module')
const process = require('node:process')

const [code, first, last = first] = (process.env.EMBEDDED_AZURE_UNRESOLVED ?? 'ENOTFOUND@0').split('@')
const send = https.request
let requests = 0

https.request = (...args) => {
  const request = send(...args)
  requests += 1
  if (requests >= Number(first) && requests <= Number(last)) {
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
