import { expect, test } from 'vitest'
import { readSpec } from '../../fixtures/config-inputs.ts'

const ids = (text: string, files?: Parameters<typeof readSpec>[1]) => {
  const { specs, problems } = readSpec(text, files)
  expect(problems).toEqual([])
  return specs.map(({ id, properties }) => [id, properties.displayName])
}

const utf16 = (text: string, isBigEndian = false): Uint8Array => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return isBigEndian ? bytes.swap16() : bytes
}

test.each<[string, Uint8Array | string]>([
  ['UTF-8', 'id: a\ndisplayName: größe'],
  ['UTF-8 with a byte order mark', '\ufeffid: a\ndisplayName: größe'],
  ['UTF-16, as Windows PowerShell writes it', utf16('id: a\r\ndisplayName: größe\r\n')],
  ['UTF-16, the other way round', utf16('id: a\ndisplayName: größe', true)],
  ['JSON in UTF-16', utf16('{"id": "a", "displayName": "größe"}')],
])('a file in %s is read exactly', (_, bytes) => {
  expect(ids('pool.yml', { 'pool.yml': bytes })).toEqual([['a', 'größe']])
})

test.each<[string, string]>([
  ['a byte order mark before the second document', '\ufeffid: a\n---\n\ufeffid: b\n'],
  ['one before its marker', 'id: a\n\ufeff---\nid: b\n'],
  ['lines of Windows', 'id: a\r\n---\r\nid: b\r\n'],
  ['a trailing comma', '[{"id": "a",}, {"id": "b"},]'],
  ['comments of YAML', '# pools\n- id: a # one\n- id: b'],
])('%s', (_, text) => {
  expect(ids(text).map(([id]) => id)).toEqual(['a', 'b'])
})

const nested = (levels: number) => `{"id": "a", "displayName": ${'['.repeat(levels)}${']'.repeat(levels)}}`
const NO_FILE = 'is a path, but there is no such file; check the repository out before this step'

test.each<[string, string, Parameters<typeof readSpec>[1], string]>([
  ['a directory', 'pools', { pools: 'directory' }, 'is a directory; name one file in it'],
  ['a directory with the name of a file', 'pools.yml', { 'pools.yml': 'directory' }, 'is a directory; name one file in it'],
  [
    'a link checked out as text',
    'pool.yml',
    { 'pool.yml': '../shared/pool.yaml' },
    'is a symbolic link that was checked out as text; name the file that it points to',
  ],
  [
    'a pointer of Git LFS',
    'pool.yml',
    { 'pool.yml': 'version https://git-lfs.github.com/spec/v1\noid sha256:1' },
    'is a Git LFS pointer; check out with `lfs: true`',
  ],
  [
    'a file of SOPS',
    'pool.yml',
    { 'pool.yml': 'vmSize: ENC[AES256]\nsops:\n  version: 3' },
    'is encrypted with SOPS; decrypt it before this step',
  ],
  ['a page', 'pool.yml', { 'pool.yml': '<!DOCTYPE html><html>' }, 'is an HTML or XML page, not YAML or JSON'],
  ['Latin-1', 'pool.yml', { 'pool.yml': new Uint8Array([0x69, 0x64, 0x3a, 0x20, 0xe4]) }, 'is not UTF-8 text; save it as UTF-8'],
  ['UTF-16 without a mark', 'pool.yml', { 'pool.yml': utf16('id: a').subarray(2) }, 'is not UTF-8 text; save it as UTF-8'],
  ['half a character', 'pool.yml', { 'pool.yml': utf16('id: a').subarray(0, -1) }, 'is not valid UTF-16 text; save it as UTF-8'],
  ['two paths', 'a.yml b.yml', {}, 'names 2 files; put all pools into one file, as a list or as several YAML documents'],
  ['two paths, a line each', 'a.yml\nb.json', {}, 'names 2 files; put all pools into one file, as a list or as several YAML documents'],
  [
    'a template',
    'pool.yml.tmpl',
    { 'pool.yml.tmpl': 'id: a' },
    'is a template (`.tmpl`); fill it in and give the result, a file that ends in .yml, .yaml or .json',
  ],
  ['Bicep', 'main.bicep', { 'main.bicep': 'x' }, 'is a Bicep file; compile it (`az bicep build`) and give the pool resource of the result'],
  ['Terraform', 'main.tf', {}, 'is a Terraform file; write the pool as in ARM or Bicep'],
  ['another file', 'pool.txt', { 'pool.txt': 'id: a' }, 'is a file whose name does not end in .yml, .yaml or .json'],
  ['a pattern', 'pools/*.yml', {}, 'is a pattern; name one file'],
  ['an address', 'https://example.org/pool.yml', {}, 'is an address; check the file out, or download it, and give its path'],
  ['a path as curl takes it', '@pool.json', {}, 'is a path with `@` before it; leave the `@` out'],
  ['a path of Windows', 'pools\\a.yml', {}, 'is a path, but there is no such file; separate its parts with `/`'],
  ['a file that is not there', 'pool.yml', {}, NO_FILE],
  [
    'JSON with comments',
    '{\n  // the pool\n  "id": "a"\n}',
    {},
    'is JSON with comments (`//`, `/* */`), which JSON does not allow; remove them, or write YAML, where a comment begins with `#`',
  ],
  [
    'comments within',
    '{"id": "a" /* b */}',
    {},
    'is JSON with comments (`//`, `/* */`), which JSON does not allow; remove them, or write YAML, where a comment begins with `#`',
  ],
  ['a template inline', 'id: {{ .Values.id }}\nvmSize: s', {}, 'has placeholders of a template (`{{ … }}`); fill it in before this step'],
  ['Terraform inline', 'resource "azurerm_batch_pool" "p" {\n  name = "a"\n}', {}, 'is Terraform; write the pool as in ARM or Bicep'],
  [
    'Bicep inline',
    "resource pool 'Microsoft.Batch/batchAccounts/pools@2024-07-01' = {\n  name: 'a'\n}",
    {},
    'is Bicep; compile it (`az bicep build`) and give the pool resource of the result',
  ],
  ['a text nested 100 levels deep', nested(100), {}, 'is nested more than 64 levels deep, or has an alias that contains itself'],
  ['a text nested 100,000 levels deep', nested(100_000), {}, 'is nested too deeply, or has an alias that contains itself'],
  [
    'lists within lists on one line',
    `id: a\nmetadata:\n  ${'- '.repeat(10_000)}x`,
    {},
    'is nested too deeply, or has an alias that contains itself',
  ],
  [
    'an alias that contains itself',
    'id: a\nstartTask: &task\n  again: *task',
    {},
    'is nested more than 64 levels deep, or has an alias that contains itself',
  ],
  ['an alias without an anchor', 'id: a\nstartTask: *task', {}, 'has an alias without an anchor, or too many aliases'],
  ['a tag of something else', 'id: !Ref pool', {}, 'is not valid YAML or JSON: a tag (`!…`) is not known, line 1, column 5'],
  [
    'a number that JSON cannot hold',
    'id: a\ntaskSlotsPerNode: 12345678901234567890',
    {},
    'has a number that is too large to be read exactly; put it in quotes',
  ],
])('%s is refused', (_, text, files, expected) => {
  expect(readSpec(text, files).problems).toEqual([expected])
})

test('an address inside of JSON is not a comment', () => {
  expect(readSpec('{"id": "a", "displayName": "https://x // y"}').problems).toEqual([])
  expect(readSpec('{ id: a, displayName: https://x/y }').problems).toEqual([])
})
