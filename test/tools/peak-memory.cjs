// Loaded with `node --require` into the action's process: leaves its peak of resident memory, in KiB, in a file.
const { writeFileSync } = require('node:fs')

process.on('exit', () => writeFileSync(process.env.PEAK_MEMORY_FILE ?? '', String(process.resourceUsage().maxRSS)))
