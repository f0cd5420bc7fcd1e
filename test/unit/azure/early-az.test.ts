import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { azArguments, startAz } from '../../../src/azure/early-az.ts'

const START = ['account', 'get-access-token', '--output', 'json', '--resource', 'r']

test.each([
  [{ subscriptionId: 's', tenantId: 't' }, ['--subscription', 's']],
  [{ subscriptionId: '', tenantId: 't' }, ['--tenant', 't']],
  [{ subscriptionId: '' }, []],
])('az is asked for a token of %j', (account, whose) => {
  expect(azArguments('r', account)).toEqual([...START, ...whose])
})

describe.skipIf(process.platform === 'win32')('what an early az printed', () => {
  async function azThat(script: string): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'early-az-'))
    await writeFile(path.join(folder, 'az'), `#!/bin/sh\ncd ${folder}\necho "$*" >> asked\n${script}\n`)
    await chmod(path.join(folder, 'az'), 0o755)
    return folder
  }

  test('is given once, to whoever asks the same', async () => {
    const folder = await azThat('echo token')
    const early = startAz(START, { PATH: `${folder}:${process.env.PATH}` })
    expect(early?.take([...START, '--tenant', 't'])).toBeUndefined()
    expect(await early?.take(START)).toBe('token\n')
    expect(early?.take(START)).toBeUndefined()
    expect(await readFile(path.join(folder, 'asked'), 'utf8')).toBe(`${START.join(' ')}\n`)
  })

  test('is nothing where it failed, or is not there', async () => {
    const folder = await azThat('echo nothing; exit 1')
    expect(await startAz(START, { PATH: `${folder}:${process.env.PATH}` })?.take(START)).toBeUndefined()
    expect(await startAz(START, { PATH: '' })?.take(START)).toBeUndefined()
  })
})
