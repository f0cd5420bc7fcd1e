// Loaded with `node --require` into the action's process: names of the domain that tests use (RFC 6761) lead to this machine.
const dns = require('node:dns')
const { syncBuiltinESMExports } = require('node:module')

const { lookup } = dns

dns.lookup = (name, options, done = options) => {
  if (!name.endsWith('.azure.test')) return lookup(name, options, done)
  const answer = { address: '127.0.0.1', family: 4 }
  process.nextTick(() => (options.all ? done(null, [answer]) : done(null, answer.address, answer.family)))
}
syncBuiltinESMExports()
