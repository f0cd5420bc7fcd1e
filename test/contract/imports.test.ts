/** The house rules that a reader relies on: data flows one way, decisions are pure, the outside is at the edges. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import { ROOT } from './generated.ts'

interface Source {
  /** From the root of the repository, e.g. `src/steps/capture.ts`. */
  readonly file: string
  readonly text: string
}

type Layer = 'start' | 'entry' | 'application' | 'pure' | 'azure' | 'github'

/** Which layers a layer may import from; `ports.ts` counts as pure. */
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  start: ['entry', 'github'],
  entry: ['application', 'pure', 'azure', 'github'],
  application: ['application', 'pure'],
  pure: ['pure'],
  azure: ['azure', 'pure'],
  github: ['github', 'pure'],
}

/** Of Node itself, only what neither reads nor writes anything outside the process. */
const PURE_NODE_MODULES = ['node:crypto', 'node:util']

function layerOf(file: string): Layer {
  if (file === 'src/start.ts') return 'start'
  if (file === 'src/index.ts') return 'entry'
  if (/^src\/(?:app|cleanup|steps\/.+)\.ts$/.test(file)) return 'application'
  if (file.startsWith('src/azure/')) return 'azure'
  if (file.startsWith('src/github/')) return 'github'
  return 'pure'
}

const isEdge = (layer: Layer): boolean => layer !== 'application' && layer !== 'pure'

// biome-ignore lint/suspicious/noExplicitAny: nodes of any grammar
type Syntax = any

/** A rule answers with what it objects to. */
const RULES: Readonly<Record<string, (source: Source) => readonly string[]>> = {
  'nobody but what starts it imports index.ts': (source) =>
    layerOf(source.file) === 'start' ? [] : importsOf(source).filter((name) => name === 'src/index.ts'),

  'production code imports nothing from outside src': (source) => relativeImportsOf(source).filter((file) => !file.startsWith('src/')),

  'a layer imports only from the layers below it': (source) =>
    importsOf(source).filter((name) => name.startsWith('src/') && !MAY_IMPORT[layerOf(source.file)].includes(layerOf(name))),

  '@azure/* is imported in azure/ only': (source) =>
    layerOf(source.file) === 'azure' ? [] : importsOf(source).filter((name) => name.startsWith('@azure/') || name.startsWith('#')),

  '@actions/* is imported in github/ only': (source) =>
    layerOf(source.file) === 'github' ? [] : importsOf(source).filter((name) => name.startsWith('@actions/')),

  'the inside imports no I/O of Node': (source) =>
    isEdge(layerOf(source.file)) ? [] : importsOf(source).filter((name) => name.startsWith('node:') && !PURE_NODE_MODULES.includes(name)),

  'environment, clock, timers, chance and console are at the edges only': (source) =>
    isEdge(layerOf(source.file)) ? [] : nodesOf(source).flatMap(ambientUse),

  'pure modules wait for nothing': (source) =>
    layerOf(source.file) === 'pure' ? nodesOf(source).flatMap((node: Syntax) => waiting(node, source.file)) : [],

  'the inside has no state of its own': (source) =>
    isEdge(layerOf(source.file))
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

function waiting(node: Syntax, file: string): readonly string[] {
  if (node.type === 'AwaitExpression') return ['await']
  if (node.async === true) return ['async']
  // Ports are promised, not kept, here.
  if (file !== 'src/ports.ts' && node.type === 'Identifier' && node.name === 'Promise') return ['Promise']
  return []
}

const IMPORTS = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType']

/** As written. Types count: they are knowledge too. */
const specifiersOf = (source: Source): readonly string[] =>
  nodesOf(source).flatMap(({ type, source: from }: Syntax) => (IMPORTS.includes(type) && from ? [String(from.value)] : []))

/** Files that a file imports, from the root of the repository. */
const relativeImportsOf = (source: Source): readonly string[] =>
  specifiersOf(source).flatMap((name) => (name.startsWith('.') ? [path.posix.join(path.posix.dirname(source.file), name)] : []))

/** Files from the root, packages by their name. */
const importsOf = (source: Source): readonly string[] => [
  ...relativeImportsOf(source),
  ...specifiersOf(source).filter((name) => !name.startsWith('.')),
]

const programOf = ({ text }: Source): Syntax => parseAst(text, { lang: 'ts' })

function nodesOf(source: Source): readonly Syntax[] {
  const found: Syntax[] = []
  const walk = (value: Syntax): void => {
    if (typeof value !== 'object' || value === null) return
    if (typeof value.type === 'string') found.push(value)
    for (const child of Object.values(value)) walk(child)
  }
  walk(programOf(source))
  return found
}

const SOURCES: readonly Source[] = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name.replaceAll(path.sep, '/')}`)
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }))

test.each(Object.entries(RULES))('%s', (_, rule) => {
  expect(SOURCES.length).toBeGreaterThan(50)
  expect(SOURCES.flatMap((source) => rule(source).map((objection) => `${source.file}: ${objection}`))).toEqual([])
})

/** What each rule must object to; a rule that objects to nothing protects nothing. */
describe('each rule objects to', () => {
  test.each<[keyof typeof RULES, string, string, string]>([
    ['nobody but what starts it imports index.ts', 'src/app.ts', "import './index.ts'", 'src/index.ts'],
    ['nobody but what starts it imports index.ts', 'src/steps/a.ts', "export { x } from '../index.ts'", 'src/index.ts'],
    ['production code imports nothing from outside src', 'src/app.ts', "import { x } from '../test/azure/world.ts'", 'test/azure/world.ts'],
    [
      'a layer imports only from the layers below it',
      'src/plan.ts',
      "import { observe } from './steps/observe.ts'",
      'src/steps/observe.ts',
    ],
    ['a layer imports only from the layers below it', 'src/report/summary.ts', "import * as a from '../app.ts'", 'src/app.ts'],
    ['a layer imports only from the layers below it', 'src/steps/a.ts', "import type { C } from '../azure/cloud.ts'", 'src/azure/cloud.ts'],
    ['a layer imports only from the layers below it', 'src/app.ts', "import { log } from './github/runtime.ts'", 'src/github/runtime.ts'],
    ['a layer imports only from the layers below it', 'src/azure/a.ts', "await import('../github/runtime.ts')", 'src/github/runtime.ts'],
    [
      'a layer imports only from the layers below it',
      'src/azure/a.ts',
      "import { bringUp } from '../steps/bring-up.ts'",
      'src/steps/bring-up.ts',
    ],
    [
      'a layer imports only from the layers below it',
      'src/github/a.ts',
      "import { cloudOf } from '../azure/cloud.ts'",
      'src/azure/cloud.ts',
    ],
    ['a layer imports only from the layers below it', 'src/github/a.ts', "import { runApp } from '../app.ts'", 'src/app.ts'],
    ['@azure/* is imported in azure/ only', 'src/steps/a.ts', "import type { Pool } from '@azure/arm-batch'", '@azure/arm-batch'],
    [
      '@azure/* is imported in azure/ only',
      'src/index.ts',
      "import { RestError } from '@azure/core-rest-pipeline'",
      '@azure/core-rest-pipeline',
    ],
    ['@actions/* is imported in github/ only', 'src/index.ts', "import * as core from '@actions/core'", '@actions/core'],
    ['the inside imports no I/O of Node', 'src/config.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['the inside imports no I/O of Node', 'src/steps/a.ts', "import { setTimeout } from 'node:timers/promises'", 'node:timers/promises'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/config.ts', 'const a = process.env.HOME', 'process.env'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/app.ts', 'const a = Date.now()', 'Date.now'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/plan.ts', 'const a = new Date()', 'new Date()'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/steps/a.ts', 'setTimeout(() => {}, 1)', 'setTimeout'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/steps/a.ts', 'const a = Math.random()', 'Math.random'],
    ['environment, clock, timers, chance and console are at the edges only', 'src/app.ts', "console.log('x')", 'console.log'],
    ['pure modules wait for nothing', 'src/plan.ts', 'const f = async () => 1', 'async'],
    ['pure modules wait for nothing', 'src/report/a.ts', 'const f = (): Promise<void> => x', 'Promise'],
    ['pure modules wait for nothing', 'src/checks/a.ts', 'class A { async b() { await c() } }', 'await'],
    ['the inside has no state of its own', 'src/steps/a.ts', 'let last = 0', 'let'],
    ['the inside has no state of its own', 'src/plan.ts', 'export let last = 0', 'let'],
  ])('%s: %s with %s', (rule, file, text, objection) => {
    expect(RULES[rule]?.({ file, text })).toContain(objection)
  })

  test.each<[string, string]>([
    ['src/plan.ts', "// process.env and Date.now() are named only\nconst text = 'await setTimeout(process.env)'"],
    ['src/ports.ts', 'export interface Clock { sleep(ms: number): Promise<void> }'],
    ['src/steps/a.ts', 'export async function a(now: Date) { return new Date(now.getTime()) }'],
    ['src/azure/a.ts', "import { log } from '../errors.ts'\nconst a = Date.now()"],
    ['src/index.ts', "import { runApp } from './app.ts'\nsetTimeout(() => {}, 1)"],
  ])('none to %s with %s', (file, text) => {
    expect(Object.values(RULES).flatMap((rule) => rule({ file, text }))).toEqual([])
  })
})
