/** The pages say what the code does: names, tables, links and files. */
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config/parse-config.ts'
import { POOL_INPUTS } from '../../src/config/read-pool.ts'
import { KNOWN_RESIZE_CODES } from '../../src/errors/resize-errors.ts'
import { TAGS } from '../../src/image/tags.ts'
import { TEMPORARY_TAG } from '../../src/image/temporary.ts'
import { MARKS } from '../../src/pool/marks.ts'
import type { Facts } from '../../src/preflight/facts.ts'
import { checkAll, RULES } from '../../src/preflight/rules.ts'
import { outputsOf } from '../../src/report/outputs.ts'
import { yamlBlocks } from '../fixtures/readme-workflows.ts'
import { COMPANIONS, FACTS_WITHOUT_OBJECTION, RULE_EXAMPLES } from '../fixtures/rule-examples.ts'
import { SAMPLES } from '../fixtures/sample-reports.ts'
import { GENERATED_PAGES, metadata, RESIZE_CODES, ROOT, read, withGenerated } from '../tools/generated.ts'

const DOCS = readdirSync(path.join(ROOT, '.github/docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `.github/docs/${name}`)
const PAGES = ['README.md', 'CHANGELOG.md', '.github/CONTRIBUTING.md', '.github/SECURITY.md', ...DOCS]
const EXAMPLES = readdirSync(path.join(ROOT, '.github/examples')).map((name) => `.github/examples/${name}`)

test.each(Object.keys(GENERATED_PAGES))('the tables of %s are as `npm run docs` makes them', (page) => {
  expect(read(page)).toBe(withGenerated(page))
})

test('the README is read in one sitting, and leads to every page', () => {
  const text = read('README.md')
  expect(text.split(/\s+/).length).toBeLessThanOrEqual(2_500)
  expect(DOCS.filter((name) => !text.includes(`](${name}`))).toEqual([])
})

describe.each(PAGES)('%s', (page) => {
  const text = read(page)
  const prose = text.replace(/```[\s\S]*?```/g, '')

  test('every relative link leads somewhere', () => {
    const targets = [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target)
    expect(targets.filter((target) => !leadsSomewhere(page, text, target))).toEqual([])
  })

  test('every file that it names is there', () => {
    const named = [...text.matchAll(/(?:^|[\s`(])((?:src|test|dist|\.github)\/[\w./-]*\w)/gm)].map(([, file = '']) => file)
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([])
  })

  test('every npm command that it names is a script', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...text.matchAll(/npm (?:run ([\w:-]+)|(start|test))/g)].map(([, script, short]) => script ?? short ?? '')
    expect(named.filter((script) => !scripts[script])).toEqual([])
  })
})

function leadsSomewhere(page: string, text: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const other = path.join(path.dirname(page), file)
  if (file && !existsSync(path.join(ROOT, other))) return false
  if (!anchor) return true
  const anchors = [...(file ? read(other) : text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
  return anchors.includes(anchor)
}

describe('action.yml', () => {
  test('runs one bundle on Node 24, before and after the job, and is what the Marketplace takes', () => {
    const { runs, ...rest } = metadata()
    expect(runs).toEqual({ using: 'node24', main: 'dist/index.js', post: 'dist/post.js' })
    expect(existsSync(path.join(ROOT, runs.main ?? ''))).toBe(true)
    expect((rest as unknown as { description: string }).description.length).toBeLessThan(125)
    expect(rest).toMatchObject({ name: expect.any(String), author: expect.any(String), branding: { icon: 'layers', color: 'blue' } })
  })

  test('says of every input and output what it is', () => {
    const { inputs, outputs } = metadata()
    expect(Object.entries({ ...inputs, ...outputs }).filter(([, { description }]) => !/\S/.test(description ?? ''))).toEqual([])
  })

  test('requests are signed with the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    expect(read('src/main.ts')).toContain(`'azure-batch-image-pool/${version}'`)
  })
})

describe('inputs', () => {
  const declared = Object.keys(metadata().inputs)

  test('those of action.yml are those that the code reads', () => {
    expect([...namesRead()].sort()).toEqual([...declared].sort())
  })

  test('those about pools are known to the reader of pools, with their defaults', () => {
    const names = declared.slice(declared.indexOf('batch-account') + 1, declared.indexOf('show-cost') + 1)
    const ofPools = names.filter((name) => name !== 'timeout').map((name) => [name, metadata().inputs[name]?.default ?? ''])
    expect(POOL_INPUTS).toEqual(Object.fromEntries(ofPools))
  })

  test('the README and the examples use no others', () => {
    const workflows = [...yamlBlocks(), ...EXAMPLES.map(read)].map((text) => parse(text) as unknown)
    const reusable = parse(read('.github/workflows/refresh-pool.yml')) as { on: { workflow_call: { inputs: object } } }
    const calls = workflows.flatMap(callsIn)
    expect(calls.length).toBeGreaterThan(EXAMPLES.length - 1)
    for (const { uses, given } of calls) {
      const known = uses.includes('refresh-pool.yml') ? Object.keys(reusable.on.workflow_call.inputs) : declared
      expect(given.filter((name) => !known.includes(name))).toEqual([])
    }
  })
})

/** Every name that the parser asks for, over runs that together take all its branches. */
function namesRead(): ReadonlySet<string> {
  const names = new Set<string>()
  const common = { 'resource-group': 'g', 'subscription-id': 's', 'image-name': 'i', gallery: 'g', 'batch-account': 'a' }
  const sources = [{ vm: 'v' }, { snapshots: 'os=s' }, { vhd: 'os=v' }, { 'managed-image': 'm' }, { 'image-id': 'i' }]
  for (const source of sources) {
    const given: Readonly<Record<string, string>> = { ...common, ...source }
    try {
      parseConfig({
        input(name) {
          names.add(name)
          return given[name] ?? ''
        },
        environment: () => undefined,
        hide: () => undefined,
        file: () => undefined,
      })
    } catch {
      // What is wrong with these inputs is not asked here.
    }
  }
  return names
}

interface ActionCall {
  readonly uses: string
  readonly given: readonly string[]
}

/** Where a workflow calls this action or its reusable workflow. */
function callsIn(workflow: unknown): readonly ActionCall[] {
  if (typeof workflow !== 'object' || workflow === null) return []
  const { uses, with: given } = workflow as { uses?: unknown; with?: object }
  const own = typeof uses === 'string' && uses.includes('azure-batch-image-pool') ? [{ uses, given: Object.keys(given ?? {}) }] : []
  return [...own, ...Object.values(workflow).flatMap(callsIn)]
}

describe('outputs', () => {
  const declared = Object.keys(metadata().outputs).sort()

  test.each(Object.entries(SAMPLES))('those of action.yml are those that a run sets: %s', (_, report) => {
    expect([...Object.keys(outputsOf(report())), 'report'].sort()).toEqual(declared)
  })
})

describe('preflight rules', () => {
  test('each has an id of its own', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length)
  })

  test('each has an example, and each example a rule', () => {
    expect(Object.keys(RULE_EXAMPLES).sort()).toEqual(RULES.map(({ id }) => id).sort())
  })

  test.each(RULES.map((rule) => [rule.id, rule] as const))('%s objects to its example, and says what to do', (id, { check }) => {
    const facts = RULE_EXAMPLES[id]
    const found = facts ? check(facts) : []
    expect(found.length).toBeGreaterThan(0)
    for (const { seen, fix } of found) {
      expect(seen).toMatch(/\S/)
      expect(fix).toMatch(/\.$/)
    }
  })

  test.each(RULES.map(({ id }) => id))('%s is all that is found in its example', (id) => {
    const facts = RULE_EXAMPLES[id] as Facts
    const ids = [...new Set(checkAll([facts]).map((finding) => finding.id))]
    expect(ids.filter((other) => !(COMPANIONS[id] ?? []).includes(other))).toEqual([id])
  })

  test.each(Object.entries(FACTS_WITHOUT_OBJECTION))('none objects to %s', (_, facts) => {
    expect(checkAll([facts])).toEqual([])
  })
})

test('every tag and mark that is left on resources is explained', () => {
  const explained = [...read('.github/docs/what-a-run-leaves.md').matchAll(/^\| (`image-pool-[^|]*) \|/gm)].flatMap(
    ([, names = '']) => names.match(/[\w-]+/g) ?? [],
  )
  expect(explained.sort()).toEqual([...Object.values(TAGS), TEMPORARY_TAG, ...Object.values(MARKS)].sort())
})

describe('resize codes', () => {
  test('the README has those of the policy table', () => {
    expect(RESIZE_CODES.map((code) => code.toLowerCase()).sort()).toEqual([...KNOWN_RESIZE_CODES].sort())
  })
})

describe('roles', () => {
  const roles = readdirSync(path.join(ROOT, '.github/roles')).map((name) => [name, JSON.parse(read(`.github/roles/${name}`))] as const)

  test.each(roles)('%s grants single actions, no wildcards, in its own scope', (_, role) => {
    const actions = [...role.Actions, ...role.DataActions]
    expect(actions.length).toBeGreaterThan(0)
    expect(
      actions.filter((action: string) => !/^Microsoft\.[A-Za-z]+(?:\/[A-Za-z]+)+\/(?:read|write|delete|action)$/.test(action)),
    ).toEqual([])
    expect(new Set(actions).size).toBe(actions.length)
    expect(role.AssignableScopes).toEqual(['/subscriptions/00000000-0000-0000-0000-000000000000'])
  })
})
