import { describe, expect, test } from 'vitest'
import { byAccount } from '../../../src/config/config.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { InputError } from '../../../src/errors/input-error.ts'

const GROUP = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/render-rg'
const accountId = (name: string): string => `${GROUP}/providers/Microsoft.Batch/batchAccounts/${name}`
const ELSEWHERE = '/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/r/providers/Microsoft.Batch/batchAccounts/west'

const INPUTS = {
  vm: 'golden-vm',
  'subscription-id': '11111111-2222-3333-4444-555555555555',
  'resource-group': 'render-rg',
  'image-name': 'golden',
  gallery: 'farm',
}

const parse = (changes: Readonly<Record<string, string>>) => {
  const given: Readonly<Record<string, string>> = { ...INPUTS, ...changes }
  return parseConfig({ input: (name) => given[name] ?? '', environment: () => undefined, hide: () => undefined, file: () => undefined })
}
const problems = (changes: Readonly<Record<string, string>>): readonly string[] => {
  try {
    parse(changes)
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n')
    throw error
  }
  return []
}
const entry = (id: string, batchAccount?: string): string =>
  `- { id: ${id}, vmSize: Standard_D4s_v5${batchAccount ? `, batchAccount: ${batchAccount}` : ''} }\n`

describe('pools of several accounts', () => {
  test('an entry names its account by name or by id; without one it is in `batch-account`', () => {
    const spec = entry('a', 'north') + entry('b', ELSEWHERE) + entry('c') + entry('d', 'NORTH')
    const { pool } = parse({ 'batch-account': 'home', 'pool-spec': spec })
    expect(pool?.accounts.map((id) => id.toLowerCase())).toEqual(
      [accountId('north'), ELSEWHERE, accountId('home')].map((id) => id.toLowerCase()),
    )
    expect(pool?.requests.map(({ id, account }) => [id, account])).toEqual([
      ['a', accountId('north')],
      ['b', ELSEWHERE],
      ['c', accountId('home')],
      ['d', accountId('NORTH')],
    ])
  })

  test('the account is not a property of the pool', () => {
    expect(parse({ 'pool-spec': entry('a', 'north') }).pool?.requests[0]?.properties).toEqual({ vmSize: 'Standard_D4s_v5' })
  })

  test('it stands beside `properties` too, in any letter case, and in the shape of the data plane', () => {
    const arm = '- { name: a, BatchAccount: north, properties: { vmSize: Standard_D4s_v5 } }\n'
    const dataPlane = '- { id: b, vmSize: Standard_D4s_v5, batchAccount: south, targetDedicatedNodes: 2 }\n'
    expect(parse({ 'pool-spec': arm + dataPlane }).pool?.accounts).toEqual([accountId('north'), accountId('south')])
  })

  test('each account sees its own pools', () => {
    const config = parse({ 'pool-spec': entry('a', 'north') + entry('b', 'south') + entry('c', 'north') })
    expect(byAccount(config).map(({ pool }) => pool?.requests.map(({ id }) => id))).toEqual([['a', 'c'], ['b']])
  })

  test('two accounts may have pools of one id', () => {
    expect(parse({ 'pool-spec': entry('render', 'north') + entry('render', 'south') }).pool?.requests).toHaveLength(2)
  })
})

describe('a pool as read back from Azure, with its resource id', () => {
  const readBack = (account: string, more = '') =>
    `- { id: ${account}/pools/render, name: render, properties: { vmSize: Standard_D4s_v5 }${more} }\n`

  test('goes to the account of its id, in any letter case', () => {
    const spec = readBack(accountId('HOME')) + readBack(ELSEWHERE, `, batchAccount: ${ELSEWHERE}`)
    expect(parse({ 'batch-account': 'home', 'pool-spec': spec }).pool?.accounts).toEqual([accountId('home'), ELSEWHERE])
  })

  test.each([
    ['batch-account', '', accountId('home')],
    ['batchAccount', ', batchAccount: north', accountId('north')],
  ])('is refused where `%s` is another account', (input, more, account) => {
    const [problem, ...others] = problems({ 'batch-account': 'home', 'pool-spec': readBack(ELSEWHERE, more) })
    expect(problem).toContain(`names pool render by a resource id of account ${ELSEWHERE}, but \`${input}\` is ${account}`)
    expect(others).toEqual([])
  })

  test('is another pool where `pool-id` says so', () => {
    const inputs = { 'batch-account': 'home', 'pool-id': 'other', 'pool-spec': readBack(ELSEWHERE) }
    expect(parse(inputs).pool?.requests.map(({ id }) => id)).toEqual(['other'])
  })
})

describe('is refused', () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['a pool twice', { 'batch-account': 'home', 'pool-spec': entry('a') + entry('A') }, ['pool-spec: names pool A more than once']],
    [
      'a pool twice, once by the default',
      { 'batch-account': 'home', 'pool-spec': entry('a') + entry('a', 'Home') },
      ['pool-spec: names pool a more than once'],
    ],
    ['a pool without an account', { 'pool-spec': entry('a', 'north') + entry('b') }, ['batch-account: is required for pool b']],
    [
      'an account that is none',
      { 'pool-spec': entry('a', `${GROUP}/providers/Microsoft.Compute/galleries/farm`) },
      [expect.stringContaining('is not a resource id of type Microsoft.Batch/batchAccounts')],
    ],
    [
      'a managed image for two pools of one id',
      { 'image-kind': 'managed', gallery: '', 'pool-spec': entry('a', 'north') + entry('a', 'south') },
      [expect.stringContaining('names pool a in several accounts, but every managed image is named after its pool')],
    ],
  ])('%s', (_, inputs, expected) => {
    expect(problems(inputs)).toEqual(expected)
  })
})
