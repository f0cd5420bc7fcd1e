/** Pure: what must not leave the run, because the pool spec has it. Azure may repeat it in the words of a refusal. */
import type { Config } from './config.ts'

/** Never given back by Batch. https://learn.microsoft.com/rest/api/batchmanagement/pool/create */
const SECRET_MEMBERS = new Set(['password', 'accountKey', 'sasKey', 'value'])
/** Addresses whose query is a signature. */
const SIGNED_MEMBERS = new Set(['httpUrl', 'storageContainerUrl', 'containerUrl', 'sasUrl'])
/** Shorter ones are words: hiding them would hide half of the log. */
const SHORTEST = 6
/** A variable of the start task is a secret by its name, or by its length. */
const SECRET_NAME = /secret|token|key|pass|pwd|sas|conn|cred|auth/i
const LONGEST_WORD = 20

/** Passwords, keys, signatures and secret-looking variables of the start task in the pool specs, and the token; the longest first. */
export function secretsOf({ pool }: Pick<Config, 'pool'>, token: string): readonly string[] {
  const found = [...(pool?.requests ?? []).flatMap(({ properties }) => secretsIn(properties)), token]
  return [...new Set(found)].filter((text) => text.length >= SHORTEST).sort((one, other) => other.length - one.length)
}

function secretsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn)
  if (typeof value !== 'object' || value === null) return []
  const bag = value as Readonly<Record<string, unknown>>
  return Object.entries(bag).flatMap(([name, member]) => {
    if (typeof member !== 'string') return secretsIn(member)
    if (SIGNED_MEMBERS.has(name)) return signatureOf(member)
    if (!SECRET_MEMBERS.has(name)) return []
    const isWord = name === 'value' && !SECRET_NAME.test(String(bag.name ?? '')) && member.length < LONGEST_WORD
    return isWord ? [] : [member]
  })
}

/** The query as a whole, and the signature within, as it is and decoded. */
function signatureOf(url: string): readonly string[] {
  const query = url.split('?')[1]
  if (!query) return []
  const signature = new URLSearchParams(query).get('sig')
  return [query, ...(signature ? [signature, encodeURIComponent(signature)] : [])]
}

/** The value with `***` in all its texts: before they are escaped for anything. */
export function withoutSecretsIn<T>(value: T, secrets: readonly string[]): T {
  const clean = (member: unknown): unknown => {
    if (typeof member === 'string') return withoutSecrets(member, secrets)
    if (Array.isArray(member)) return member.map(clean)
    if (typeof member !== 'object' || member === null) return member
    return Object.fromEntries(Object.entries(member).map(([name, inner]) => [name, clean(inner)]))
  }
  return clean(value) as T
}

/** The text without the secrets, also where it is JSON. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '***').replaceAll(JSON.stringify(secret).slice(1, -1), '***'), text)
}
