/**
 * A pool in ARM's own spelling, whoever wrote it: names and enumeration values may be in any letter case, `null` and empty texts count as
 * absent, and members that only Azure sets are left out.
 */
import { adviceForName, isReadOnly, isWithoutEffect, nearest, placeOf, plainName, spelledLike, todaysName } from './pool-spec-names.ts'
import { joined, POOL_SCHEMA, resolved, type Schema, type SpecProblem, schemaProblems } from './pool-spec-schema.ts'

export type Bag = Readonly<Record<string, unknown>>

export const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Properties of the given pool that were left out, by path. */
export interface LeftOut {
  readonly readOnly: string[]
  readonly withoutEffect: string[]
  readonly emptyText: string[]
}

export interface Normalized {
  readonly pool: Bag
  /** Unknown and repeated names, and problems below names that are only misplaced. */
  readonly problems: readonly SpecProblem[]
  readonly leftOut: LeftOut
}

/** @param pool with its properties at the top, as given. */
export function normalized(pool: Bag): Normalized {
  const walk = new Walk()
  const found = walk.value(pool, { schema: POOL_SCHEMA, path: '' })
  return { pool: isBag(found) ? found : {}, problems: walk.problems, leftOut: walk.leftOut }
}

interface Place {
  readonly schema: Schema
  readonly path: string
}

class Walk {
  readonly problems: SpecProblem[] = []
  readonly leftOut: LeftOut = { readOnly: [], withoutEffect: [], emptyText: [] }

  /** `undefined` where nothing is left of an object. */
  value(value: unknown, place: Place): unknown {
    const schema = resolved(place.schema)
    if (Array.isArray(value) && schema.propertyNames) return this.#map(byResourceId(value), schema, place)
    if (Array.isArray(value))
      return value.map((item, index) => this.value(item, { schema: schema.items ?? {}, path: `${place.path}[${index}]` }) ?? {})
    if (isBag(value)) return schema.properties ? this.#properties(value, schema.properties, place.path) : this.#map(value, schema, place)
    return typeof value === 'string' && schema.enum ? (spelledLike(value, schema.enum) ?? value) : value
  }

  #properties(given: Bag, known: Readonly<Record<string, Schema>>, path: string): Bag | undefined {
    const found: Record<string, unknown> = {}
    for (const [name, inner] of Object.entries(given)) {
      const at = joined(path, name)
      const names = Object.keys(known)
      const [key, member] = (
        spelledLike(name, names) ??
        todaysName(name, names) ??
        this.#unknown(name, inner, { known, path }) ??
        ''
      ).split('.')
      if (!key || inner === null || inner === undefined) continue
      if (inner === '' && key !== 'value') this.leftOut.emptyText.push(at)
      else if (key in found) this.problems.push({ path: at, problem: `occurs twice: \`${key}\` in several spellings` })
      else {
        const kept = this.value(member ? { [member]: inner } : inner, { schema: known[key] ?? {}, path: at })
        if (kept !== undefined) found[key] = kept
      }
    }
    return Object.keys(found).length > 0 || Object.keys(given).length === 0 ? found : undefined
  }

  /** The known name that an unknown one is taken for, so that the members below it are checked too. */
  #unknown(name: string, value: unknown, { known, path }: { known: Readonly<Record<string, Schema>>; path: string }): string | undefined {
    const [isTop, at, names] = [path === '', joined(path, name), Object.keys(known)]
    if (value === null) return undefined
    if (isReadOnly(name, isTop)) this.leftOut.readOnly.push(at)
    else if (isWithoutEffect(name, value)) this.leftOut.withoutEffect.push(at)
    else {
      const problem = adviceForName(name, { known: names, isTop, value })
      this.problems.push({ path: at, problem, ...(problem === 'is not a known property' && { allowed: names.join(', ') }) })
      const place = placeOf(name, names, isTop)
      if (place) this.#below(value, { schema: schemaOf(place, known), path: at })
      else return nearest(name, names)
    }
    return undefined
  }

  /** The problems of a value that belongs elsewhere, reported under its present name. */
  #below(value: unknown, place: Place): void {
    const found = this.value(value, place)
    if (typeof found !== 'object' || !resolved(place.schema).type) return
    const problems = schemaProblems(found, place.schema)
    this.problems.push(
      ...problems.map(({ path, ...said }) => ({ ...said, path: path.startsWith('[') ? `${place.path}${path}` : joined(place.path, path) })),
    )
  }

  /** The keys of a map are the user's. Identities have values that only Azure sets; YAML writes a key without a value as null. */
  #map(given: Bag, { propertyNames, additionalProperties }: Schema, { path }: Place): Bag {
    if (propertyNames === undefined) {
      return isBag(additionalProperties) ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) : given
    }
    const entries = Object.entries(given).map(([id, value]) => {
      const [readOnly, others] = [true, false].map((is) =>
        Object.entries(isBag(value) ? value : {}).filter(([name]) => isReadOnly(name, false) === is),
      )
      this.leftOut.readOnly.push(...(readOnly ?? []).map(([name]) => joined(path, name)))
      return [id, isBag(value) || value === null ? Object.fromEntries(others ?? []) : value] as const
    })
    return Object.fromEntries(entries)
  }
}

/** Answers of the data plane have a list of identities where ARM has a map by resource id. */
function byResourceId(list: readonly unknown[]): Bag {
  const idOf = (one: Bag) => Object.entries(one).find(([name]) => plainName(name) === 'resourceid')?.[1]
  return Object.fromEntries(list.map((one) => [String(isBag(one) ? idOf(one) : one), {}]))
}

/** The schema of a property by its path, from the properties of the object where the path begins. */
function schemaOf(place: string, known: Readonly<Record<string, Schema>>): Schema {
  const [first = '', ...rest] = place.split('.')
  return rest.reduce<Schema>((schema, name) => resolved(schema).properties?.[name] ?? {}, known[first] ?? {})
}
