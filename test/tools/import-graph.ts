/** The import graph of `src`: who imports whom, in which room, and where it runs in a circle. `npm run graph` prints it. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAst } from 'vitest/node'

const ROOT = path.join(import.meta.dirname, '../..')

export interface Source {
  /** From the root of the repository, e.g. `src/image/capture.ts`. */
  readonly file: string
  readonly text: string
}

/** Rooms from the bottom of the house to its top; a file at the top of `src` is a room of its own. A room imports only from rooms below it. */
export const ROOMS = [
  'model',
  'errors',
  'config',
  'run',
  'observe',
  'pool',
  'image',
  'plan',
  'preflight',
  'report',
  'azure',
  'github',
  'app',
  'cleanup',
  'main',
  'index',
  'post',
] as const

export type Room = (typeof ROOMS)[number]

/** @returns the room of a file of `src`; `undefined` where the house has no such room. */
export const roomOf = (file: string): Room | undefined => ROOMS.find((room) => room === /^src\/([^/]+?)(?:\/.+|\.ts)$/.exec(file)?.[1])

// biome-ignore lint/suspicious/noExplicitAny: nodes of any grammar
export type Syntax = any

export const programOf = ({ text }: Source): Syntax => parseAst(text, { lang: 'ts' })

export function nodesOf(source: Source): readonly Syntax[] {
  const found: Syntax[] = []
  const walk = (value: Syntax): void => {
    if (typeof value !== 'object' || value === null) return
    if (typeof value.type === 'string') found.push(value)
    for (const child of Object.values(value)) walk(child)
  }
  walk(programOf(source))
  return found
}

const IMPORTS = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType']

/** As written. Types count: they are knowledge too. */
const specifiersOf = (source: Source): readonly string[] =>
  nodesOf(source).flatMap(({ type, source: from }: Syntax) => (IMPORTS.includes(type) && from ? [String(from.value)] : []))

/** Files that a file imports, from the root of the repository. */
export const relativeImportsOf = (source: Source): readonly string[] =>
  specifiersOf(source).flatMap((name) => (name.startsWith('.') ? [path.posix.join(path.posix.dirname(source.file), name)] : []))

/** Files from the root, packages by their name. */
export const importsOf = (source: Source): readonly string[] => [
  ...relativeImportsOf(source),
  ...specifiersOf(source).filter((name) => !name.startsWith('.')),
]

/** @param top `src` or `test` */
export const readSources = (top = 'src'): readonly Source[] =>
  readdirSync(path.join(ROOT, top), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => `${top}/${name.replaceAll(path.sep, '/')}`)
    .sort()
    .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }))

export type Graph = ReadonlyMap<string, readonly string[]>

export const graphOf = (sources: readonly Source[]): Graph => new Map(sources.map((source) => [source.file, relativeImportsOf(source)]))

/** The same graph, of rooms. */
export function roomsOf(graph: Graph): Graph {
  const rooms = new Map<string, string[]>()
  for (const [file, imports] of graph) {
    const room = roomOf(file) ?? file
    const others = imports.map((name) => roomOf(name) ?? name).filter((name) => name !== room)
    rooms.set(room, [...new Set([...(rooms.get(room) ?? []), ...others])])
  }
  return rooms
}

/** Each circle once, as the way round it. */
export function circlesOf(graph: Graph): readonly string[] {
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (node: string, way: readonly string[]): void => {
    const at = way.indexOf(node)
    if (at >= 0) circles.push([...way.slice(at), node].join(' → '))
    if (at >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) walk(next, [...way, node])
    done.add(node)
  }
  for (const node of graph.keys()) walk(node, [])
  return circles
}

if (import.meta.main) {
  const graph = graphOf(readSources())
  const rooms = roomsOf(graph)
  for (const room of ROOMS.toReversed()) console.log(`${room} → ${(rooms.get(room) ?? []).join(', ') || '(nothing)'}`)
  const circles = [...circlesOf(graph), ...circlesOf(rooms)]
  console.log(circles.length === 0 ? `\n${graph.size} files, no circle of files or rooms` : `\n${circles.join('\n')}`)
  if (circles.length > 0) process.exitCode = 1
}
