/** The house rules that a reader relies on: data flows one way, decisions are pure, the outside is at the edges. */
import { describe, expect, test } from 'vitest'
import {
  circlesOf,
  graphOf,
  importsOf,
  nodesOf,
  programOf,
  ROOMS,
  readSources,
  relativeImportsOf,
  roomOf,
  roomsOf,
  type Source,
  type Syntax,
} from '../tools/import-graph.ts'

/** Rooms that talk to the outside; everything else is the core. */
const EDGES = ['azure', 'github', 'main', 'index', 'post']
/** Files that run something: they may wait, but only through what they are given. */
const RUNNERS = ['app', 'cleanup', 'run']

const isEdge = ({ file }: Source): boolean => EDGES.includes(roomOf(file) ?? '')
/** A step is a file that takes `StepContext`. */
const isStep = (source: Source): boolean =>
  nodesOf(source).some((node: Syntax) => node.type === 'ImportSpecifier' && node.imported.name === 'StepContext')
const isPure = (source: Source): boolean => !isEdge(source) && !RUNNERS.includes(roomOf(source.file) ?? '') && !isStep(source)

/** Of Node itself, only what neither reads nor writes anything outside the process. */
const PURE_NODE_MODULES = ['node:crypto', 'node:util']

/** Whose packages a room may import. */
const PACKAGES: Readonly<Record<string, string>> = { azure: '@azure', github: '@actions' }

/** A rule answers with what it objects to. */
const RULES: Readonly<Record<string, (source: Source) => readonly string[]>> = {
  'every file is in a room of the house': ({ file }) => (roomOf(file) ? [] : [file]),

  // Parts of a package that its `exports` do not name: only where the package itself may be imported.
  'production code imports nothing from outside src': (source) =>
    relativeImportsOf(source).filter(
      (file) => !file.startsWith('src/') && !file.startsWith(`node_modules/${PACKAGES[roomOf(source.file) ?? ''] ?? '?'}/`),
    ),

  'a room imports only from rooms below it': (source) =>
    relativeImportsOf(source).filter((file) => {
      const [own, other] = [source.file, file].map((name) => ROOMS.indexOf(roomOf(name) ?? 'index'))
      return file.startsWith('src/') && (other ?? 0) > (own ?? 0)
    }),

  'azure and github do not know each other': (source) =>
    relativeImportsOf(source).filter((file) => roomOf(source.file) === 'github' && roomOf(file) === 'azure'),

  'only main and index import from azure and github': (source) =>
    isEdge(source) ? [] : relativeImportsOf(source).filter((file) => ['azure', 'github'].includes(roomOf(file) ?? '')),

  '@azure/* is imported in azure/ only': (source) =>
    roomOf(source.file) === 'azure' ? [] : importsOf(source).filter((name) => name.startsWith('@azure/') || name.startsWith('#')),

  '@actions/* is imported in github/ only': (source) =>
    roomOf(source.file) === 'github' ? [] : importsOf(source).filter((name) => name.startsWith('@actions/')),

  'the core imports no I/O of Node': (source) =>
    isEdge(source) ? [] : importsOf(source).filter((name) => name.startsWith('node:') && !PURE_NODE_MODULES.includes(name)),

  'environment, clock, timers, chance and console are at the edges only': (source) =>
    isEdge(source) ? [] : nodesOf(source).flatMap(ambientUse),

  'what takes no StepContext is pure': (source) => (isPure(source) ? nodesOf(source).flatMap(waiting) : []),

  'the core has no state of its own': (source) =>
    isEdge(source)
      ? []
      : programOf(source).body.flatMap((statement: Syntax) => {
          const declaration = statement.declaration ?? statement
          return declaration.type === 'VariableDeclaration' && declaration.kind !== 'const' ? [declaration.kind] : []
        }),
}

const AMBIENT = ['process', 'fetch', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance']

function ambientUse(node: Syntax): readonly string[] {
  const name = node.callee?.name ?? node.object?.name
  if (node.type === 'MemberExpression') {
    const member = `${node.object.name}.${node.property.name}`
    if (['Date.now', 'Math.random', 'globalThis.process'].includes(member)) return [member]
    return ['process', 'console', 'performance'].includes(name) ? [member] : []
  }
  if (node.type === 'NewExpression' && name === 'Date' && node.arguments.length === 0) return ['new Date()']
  return node.type === 'CallExpression' && AMBIENT.includes(name) ? [name] : []
}

/** Interfaces may promise; only code that waits is no longer pure. */
function waiting(node: Syntax): readonly string[] {
  if (node.type === 'AwaitExpression') return ['await']
  if (node.async === true) return ['async']
  return node.type === 'NewExpression' && node.callee?.name === 'Promise' ? ['new Promise'] : []
}

const SOURCES = readSources()

test.each(Object.entries(RULES))('%s', (_, rule) => {
  expect(SOURCES.length).toBeGreaterThan(50)
  expect(SOURCES.flatMap((source) => rule(source).map((objection) => `${source.file}: ${objection}`))).toEqual([])
})

test('no import runs in a circle, neither of files nor of rooms', () => {
  const graph = graphOf(SOURCES)
  expect([...circlesOf(graph), ...circlesOf(roomsOf(graph))]).toEqual([])
})

test('a circle is found, of files and of rooms', () => {
  const graph = new Map([
    ['src/pool/a.ts', ['src/image/b.ts']],
    ['src/image/b.ts', ['src/pool/c.ts']],
    ['src/pool/c.ts', ['src/pool/d.ts']],
    ['src/pool/d.ts', ['src/pool/c.ts']],
  ])
  expect(circlesOf(graph)).toEqual(['src/pool/c.ts → src/pool/d.ts → src/pool/c.ts'])
  expect(circlesOf(roomsOf(graph))).toEqual(['pool → image → pool'])
})

/** What tests share lies in these; other folders of tests do not know each other. */
const SHARED = ['fixtures', 'embedded-azure', 'tools']

test('a folder of tests imports only from itself, from src and from what tests share', () => {
  const folderOf = (file: string): string => file.split('/')[1] ?? ''
  const strays = readSources('test').flatMap((source) =>
    relativeImportsOf(source)
      .filter((file) => file.startsWith('test/') && ![folderOf(source.file), ...SHARED].includes(folderOf(file)))
      .map((file) => `${source.file}: ${file}`),
  )
  expect(strays).toEqual([])
})

/** What each rule must object to; a rule that objects to nothing protects nothing. File, text, objection. */
const OBJECTIONS: Readonly<Record<keyof typeof RULES, readonly (readonly [string, string, string])[]>> = {
  'every file is in a room of the house': [
    ['src/helpers.ts', '', 'src/helpers.ts'],
    ['src/utils/a.ts', '', 'src/utils/a.ts'],
  ],
  'production code imports nothing from outside src': [
    ['src/app.ts', "import { x } from '../test/tools/start.ts'", 'test/tools/start.ts'],
    ['src/pool/a.ts', "import { x } from '../../node_modules/@azure/arm-compute/x.js'", 'node_modules/@azure/arm-compute/x.js'],
    ['src/github/a.ts', "import { x } from '../../node_modules/@azure/arm-compute/x.js'", 'node_modules/@azure/arm-compute/x.js'],
  ],
  'a room imports only from rooms below it': [
    ['src/model/a.ts', "import type { E } from '../errors/explanation.ts'", 'src/errors/explanation.ts'],
    ['src/pool/a.ts', "import { capture } from '../image/capture.ts'", 'src/image/capture.ts'],
    ['src/plan/plan.ts', "import type { R } from '../report/record.ts'", 'src/report/record.ts'],
    ['src/report/a.ts', "import * as a from '../app.ts'", 'src/app.ts'],
    ['src/azure/a.ts', "await import('../github/runtime.ts')", 'src/github/runtime.ts'],
    ['src/app.ts', "export { x } from './main.ts'", 'src/main.ts'],
  ],
  'azure and github do not know each other': [['src/github/a.ts', "import { cloudOf } from '../azure/cloud.ts'", 'src/azure/cloud.ts']],
  'only main and index import from azure and github': [
    ['src/app.ts', "import { log } from './github/runtime.ts'", 'src/github/runtime.ts'],
    ['src/cleanup.ts', "import type { C } from './azure/cloud.ts'", 'src/azure/cloud.ts'],
  ],
  '@azure/* is imported in azure/ only': [
    ['src/pool/a.ts', "import type { Pool } from '@azure/arm-batch'", '@azure/arm-batch'],
    ['src/main.ts', "import { RestError } from '@azure/core-rest-pipeline'", '@azure/core-rest-pipeline'],
  ],
  '@actions/* is imported in github/ only': [['src/main.ts', "import * as core from '@actions/core'", '@actions/core']],
  'the core imports no I/O of Node': [
    ['src/config/a.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['src/pool/a.ts', "import { setTimeout } from 'node:timers/promises'", 'node:timers/promises'],
  ],
  'environment, clock, timers, chance and console are at the edges only': [
    ['src/config/a.ts', 'const a = process.env.HOME', 'process.env'],
    ['src/app.ts', 'const a = Date.now()', 'Date.now'],
    ['src/plan/a.ts', 'const a = new Date()', 'new Date()'],
    ['src/pool/a.ts', 'setTimeout(() => {}, 1)', 'setTimeout'],
    ['src/pool/a.ts', 'const a = Math.random()', 'Math.random'],
    ['src/app.ts', "console.log('x')", 'console.log'],
  ],
  'what takes no StepContext is pure': [
    ['src/plan/plan.ts', 'const f = async () => 1', 'async'],
    ['src/report/a.ts', 'const f = () => new Promise(() => {})', 'new Promise'],
    ['src/preflight/a.ts', 'class A { async b() { await c() } }', 'await'],
  ],
  'the core has no state of its own': [
    ['src/pool/a.ts', 'let last = 0', 'let'],
    ['src/plan/a.ts', 'export let last = 0', 'let'],
  ],
}

describe('each rule objects', () => {
  test.each(Object.entries(RULES))('%s', (name, rule) => {
    for (const [file, text, objection] of OBJECTIONS[name] ?? []) expect(rule({ file, text })).toContain(objection)
    expect(OBJECTIONS[name]?.length).toBeGreaterThan(0)
  })

  test.each<[string, string]>([
    ['src/plan/a.ts', "// process.env and Date.now() are named only\nconst text = 'await setTimeout(process.env)'"],
    ['src/run/runner.ts', 'export interface Clock { sleep(ms: number): Promise<void> }'],
    [
      'src/pool/a.ts',
      "import type { StepContext } from '../run/context.ts'\nexport async function a(now: Date) { return new Date(now.getTime()) }",
    ],
    ['src/azure/a.ts', "import { log } from '../errors/explanation.ts'\nconst a = Date.now()"],
    ['src/main.ts', "import { runApp } from './app.ts'\nsetTimeout(() => {}, 1)"],
  ])('none to %s with %s', (file, text) => {
    expect(Object.values(RULES).flatMap((rule) => rule({ file, text }))).toEqual([])
  })
})
