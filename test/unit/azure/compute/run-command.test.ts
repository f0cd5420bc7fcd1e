import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runCommandInput, scriptOutput } from '../../../../src/azure/compute/run-command.ts'

/** As the extension runs it: the lines as one file. */
function runLocally(script: string): string {
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', runCommandInput('Linux', script).script.join('\n')], { encoding: 'utf8' })
  return `Enable succeeded: \n[stdout]\n${stdout}\n[stderr]\n${stderr}`
}

const answer = (message: string) => ({ value: [{ code: 'ProvisioningState/succeeded', message }] })

const onUnix = test.skipIf(process.platform === 'win32')

onUnix('what a script printed is given back, without the frame around it', () => {
  const printed = scriptOutput('golden', answer(runLocally('echo one\necho two >&2')))
  expect(printed).toContain('one')
  expect(printed).toContain('two')
  expect(printed).not.toContain('exit-status')
})

onUnix.each([
  ['exit 3', 'status 3'],
  ['false', 'status 1'],
  ['cd /nowhere-at-all && echo fine', 'status'],
])('a script `%s` fails, although Run Command says it succeeded', (script, expected) => {
  expect(() => scriptOutput('golden', answer(runLocally(script)))).toThrow(expected)
})

test('an answer without the end of the script is a failure, not a success', () => {
  expect(() => scriptOutput('golden', answer('Enable succeeded: \n[stdout]\nhalf'))).toThrow('before its end')
})

test('a first line that names the shell stays first', () => {
  expect(runCommandInput('Linux', '#!/bin/bash\nset -o pipefail').script[0]).toBe('#!/bin/bash')
})
