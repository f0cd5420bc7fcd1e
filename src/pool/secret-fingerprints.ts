/**
 * Pure: whether secrets that Azure never gives back are still those of the spec. The pool's mark has a fingerprint for each member with
 * secrets. It tells a reader of the metadata as little as it can: scrypt with a salt of the pool makes every guess cost a fraction of a
 * second, and of the result so few bits are kept that of a billion guesses some sixty fit. A changed secret goes unnoticed once in 16
 * million times. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
 */
import { createHash, scryptSync } from 'node:crypto'
import type { Pool, PoolProperties } from '../model/batch.ts'
import { MARKS, markIn, readPoolMark, writePoolMark } from './marks.ts'
import { isNothing, membersOf } from './members.ts'

/** https://learn.microsoft.com/rest/api/batchmanagement/pool/create (`x-ms-secret` in the OpenAPI document) */
const SECRET = new Set(['password', 'accountKey', 'sasKey', 'sshPrivateKey', 'protectedSettings'])
/** Addresses that may carry a shared access signature. */
const URLS = new Set(['httpUrl', 'storageContainerUrl'])

const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 }
const FINGERPRINT_BYTES = 3

/** By member; URL-safe. */
export type Fingerprints = Readonly<Record<string, string>>

export interface SecretComparison {
  /** Members whose secrets are not those that the pool got. */
  readonly changed: readonly string[]
  /** Members with secrets that no run has noted a fingerprint of. */
  readonly unknown: readonly string[]
  /** The mark for a pool of this name that got the secrets of these members. Nothing where there are none to note. */
  readonly mark: (poolName: string, sent: (member: string) => boolean) => string | undefined
}

/** @param salt of a pool that has none yet; every run may bring another */
export function compareSecrets(properties: PoolProperties, existing: Pool | undefined, salt: string): SecretComparison {
  const noted = existing && readFingerprints(existing)
  const usedSalt = noted?.salt ?? createHash('sha256').update(salt).digest('base64url').slice(0, 16)
  const secrets = Object.entries(membersOf(properties)).flatMap(([member, value]) => {
    const texts = secretsWithin(value)
    return texts.length > 0 ? [[member, fingerprint(texts, `${usedSalt}/${member}`)] as const] : []
  })
  const before = noted?.fingerprints ?? {}
  const isAsked = (member: string) => !isNothing(membersOf(properties)[member])
  // Its secrets are gone from the spec, and still in the pool.
  const dropped = Object.keys(before).filter((member) => isAsked(member) && !secrets.some(([name]) => name === member))
  return {
    changed: [...secrets.flatMap(([member, now]) => (before[member] !== undefined && before[member] !== now ? [member] : [])), ...dropped],
    unknown: existing ? secrets.flatMap(([member]) => (before[member] === undefined ? [member] : [])) : [],
    mark: (poolName, sent) => {
      const fingerprints = secrets.flatMap(([member, now]): readonly (readonly [string, string | undefined])[] => [
        [member, sent(member) ? now : before[member]],
      ])
      const standing = dropped.filter((member) => !sent(member)).map((member) => [member, before[member]] as const)
      const known = [...fingerprints, ...standing].flatMap(([member, text]) => (text ? [`${member}:${text}`] : []))
      return known.length > 0 ? writePoolMark(poolName, `${usedSalt}/${known.join(',')}`) : undefined
    },
  }
}

function readFingerprints({ name, properties }: Pool): { readonly salt: string; readonly fingerprints: Fingerprints } | undefined {
  const [salt, list] = readPoolMark(markIn(properties.metadata, MARKS.secrets), name)?.split('/') ?? []
  if (!salt || !list) return undefined
  return { salt, fingerprints: Object.fromEntries(list.split(',').map((pair) => pair.split(':') as [string, string])) }
}

/** Where each secret stands, and what it is, in the order of names. */
function secretsWithin(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, member]) => {
      const here = `${path}/${name}`
      if (SECRET.has(name)) return [`${here}=${JSON.stringify(member)}`]
      const query = URLS.has(name) ? String(member).split('?')[1] : undefined
      return query ? [`${here}=${query}`] : secretsWithin(member, here)
    })
}

const fingerprint = (texts: readonly string[], salt: string): string =>
  scryptSync(texts.join('\n'), salt, FINGERPRINT_BYTES, COST).toString('base64url')
