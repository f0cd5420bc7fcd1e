// Loaded with `node --require` into the action's process: prices.azure.com is the embedded Azure, whose certificate has that name, too.
const { syncBuiltinESMExports } = require('node:module')
const process = require('node:process')
const tls = require('node:tls')

const HOST = 'prices.azure.com'
const port = Number(process.env.EMBEDDED_AZURE_PRICES_PORT ?? 0)
const { connect } = tls

tls.connect = (options, ...rest) =>
  port > 0 && options?.host === HOST
    ? connect({ ...options, host: '127.0.0.1', port, servername: HOST, lookup: undefined }, ...rest)
    : connect(options, ...rest)
syncBuiltinESMExports()
