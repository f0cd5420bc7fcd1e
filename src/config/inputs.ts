import type { InputProblem } from '../errors/input-error.ts'
import { type ArmId, armId, nameOf, parseArmId } from '../model/arm-id.ts'
import { parseDurationMs } from '../model/duration.ts'
import { secretsIn } from './secrets.ts'

/** Reads inputs one by one and collects every problem, so that all are reported at once. An input with a problem is read as its default. */
export class Inputs {
  readonly #problems: InputProblem[] = []
  readonly #needs = new Map<string, string[]>()
  /** Whole sentences about inputs that were not read as they are written. */
  readonly notices: string[] = []
  /** Texts that must not leave the run, in all their renderings. */
  readonly secrets: string[] = []
  readonly #reader: InputReader

  constructor(reader: InputReader) {
    this.#reader = reader
  }

  /** Every problem found so far; an input that several others need is in it once. */
  get problems(): readonly InputProblem[] {
    const needed = [...this.#needs].map(([input, users]) => ({ input, problem: `is required for ${users.join(', ')}` }))
    return [...needed, ...this.#problems]
  }

  text(input: string): string {
    return this.#reader.input(input)
  }

  /**
   * Hides whatever is secret in these values from now on.
   * @param open names in them that are in the log anyway.
   */
  hide(values: readonly unknown[], open: readonly string[] = []): void {
    const inputs = ['batch-account', 'gallery', 'image-name', 'pool-id', 'resource-group', 'subscription-id', 'vm', 'vm-size']
    const secrets = secretsIn(values, [...open, ...inputs.map((name) => nameOf(this.text(name)))])
    this.secrets.push(...secrets)
    this.#reader.hide(secrets)
  }

  refuse(input: string, problem: string, allowed?: string, value = this.text(input)): void {
    this.#problems.push({ input, problem, ...(value && { value }), ...(allowed && { allowed }) })
  }

  /** Records that `input`, which is not given, is required for something. */
  need(input: string, user: string): void {
    const users = this.#needs.get(input) ?? []
    if (!users.includes(user)) this.#needs.set(input, [...users, user])
  }

  optional(input: string): string | undefined {
    return this.text(input) || undefined
  }

  choice<const T extends string>(input: string, allowed: readonly T[], fallback: T): T {
    const text = this.text(input)
    if (text === '') return fallback
    const found = allowed.find((name) => name.toLowerCase() === text.toLowerCase())
    if (!found) this.refuse(input, 'is not an allowed value', allowed.join(', '))
    return found ?? fallback
  }

  boolean(input: string, fallback: boolean): boolean {
    return this.choice(input, ['true', 'false'], fallback ? 'true' : 'false') === 'true'
  }

  integer(input: string, { min, max, fallback }: { min: number; max: number; fallback: number }): number {
    const text = this.text(input)
    if (text === '') return fallback
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    this.refuse(input, 'is not a whole number in the range', `${min} to ${max}`)
    return fallback
  }

  durationMs(input: string, { minMs, maxMs, fallbackMs }: { minMs: number; maxMs: number; fallbackMs: number }): number {
    const text = this.text(input)
    if (text === '') return fallbackMs
    const ms = parseDurationMs(text)
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms
    const minutes = (limitMs: number) => (Number.isFinite(limitMs) ? `${limitMs / 60_000} min` : 'no limit')
    this.refuse(input, ms === undefined ? 'is not a duration' : 'is out of range', `PT30M, 30m, 1h; ${minutes(minMs)} to ${minutes(maxMs)}`)
    return fallbackMs
  }

  lines(input: string): readonly string[] {
    return this.text(input)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
  }

  /** `key=value` lines. @param allowed the form of a line, for the refusal of another one */
  pairs(input: string, allowed?: string): readonly (readonly [string, string])[] {
    return this.lines(input).flatMap((line) => {
      const at = line.indexOf('=')
      if (at > 0 && at < line.length - 1) return [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const]
      this.refuse(input, 'has a line that is not key=value', allowed, line)
      return []
    })
  }

  /** The resource that an input names: by a resource id of this type, or by a name in the group. */
  resource(input: string, type: string, group: { readonly subscriptionId: string; readonly resourceGroup: string }): ArmId | undefined {
    const text = this.text(input)
    return text === '' ? undefined : this.resourceOf(input, text, type, group)
  }

  /** The same for one text of an input that holds several. */
  resourceOf(
    input: string,
    text: string,
    type: string,
    group: { readonly subscriptionId: string; readonly resourceGroup: string },
  ): ArmId | undefined {
    if (!text.startsWith('/')) {
      if (!group.resourceGroup) this.need('resource-group', `\`${input}\``)
      if (!group.subscriptionId) this.need('subscription-id', `\`${input}\``)
      if (/[/\s?#%]|^\.+$/.test(text)) this.refuse(input, 'is neither a name nor a resource id', undefined, text)
      return armId({ ...group, type, names: [text] })
    }
    const parts = parseArmId(text)
    if (parts?.type.toLowerCase() !== type.toLowerCase() || /[\s?#%]/.test(text)) {
      this.refuse(input, `is not a resource id of type ${type}`, `/subscriptions/…/resourceGroups/…/providers/${type}/…`, text)
      return undefined
    }
    return armId({ ...parts, type })
  }
}

/** Reads raw texts: an input by name (trimmed, `''` where not given), a variable of the environment, a file of the workspace. */
export interface InputReader {
  input(name: string): string
  environment(name: string): string | undefined
  /** The bytes of a file, by its path in the workspace; `undefined` where there is none. */
  file(path: string): Uint8Array | 'directory' | undefined
  /** Replaces these texts by `***` in everything that leaves the run from now on. */
  hide(texts: readonly string[]): void
}

export interface Group {
  readonly subscriptionId: string
  readonly resourceGroup: string
}

export function readGroup(inputs: Inputs, reader: InputReader): Group {
  const ids = ['vm', 'batch-account', 'gallery', 'image-id', 'managed-image'].map((name) => parseArmId(inputs.text(name)))
  const fromId = ids.find((id) => id !== undefined)
  const subscriptionId = inputs.text('subscription-id') || fromId?.subscriptionId || reader.environment('AZURE_SUBSCRIPTION_ID') || ''
  const resourceGroup = inputs.text('resource-group')
  if (resourceGroup && !/^[\p{L}\p{N}_.()-]{0,89}[\p{L}\p{N}_()-]$/u.test(resourceGroup))
    inputs.refuse('resource-group', 'is not a valid resource group name', 'letters, digits, `.`, `-`, `_`, `(`, `)`; at most 90')
  if (subscriptionId && !/^[\w-]+$/.test(subscriptionId)) inputs.refuse('subscription-id', 'is not a valid subscription id')
  return { subscriptionId, resourceGroup }
}
