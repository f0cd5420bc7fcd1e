/** Secrets of a pool spec, which must not leave the run. Azure may repeat them: a refusal can quote the whole request. */
import { plainName } from './pool-spec-names.ts'

/**
 * Members that Microsoft's OpenAPI documents mark as secret (`x-ms-secret`), and options of mounts, which carry passwords and keys in
 * text. A contract test holds the list against the documents.
 */
export const SECRET_MEMBERS: readonly string[] = [
  'accountKey',
  'blobfuseOptions',
  'mountOptions',
  'password',
  'protectedSettings',
  'sasKey',
  'sshPrivateKey',
]

const PLAIN_SECRET_MEMBERS = SECRET_MEMBERS.map(plainName)

/** Shorter secrets are words: hiding them everywhere would hide half of the log. They are hidden only beside their names. */
const SHORTEST = 6

/** A text to hide. If it is too short to be hidden everywhere, it is hidden beside `name`. */
interface Secret {
  readonly text: string
  readonly name?: string
  /** The value of a variable. */
  readonly isVariable?: true
}

/** Words of this action's own outputs: a variable with one of them as its value is not a secret. */
const OWN_WORDS: readonly string[] = [
  ...['succeeded', 'unchanged', 'planned', 'failed', 'cancelled', 'rolled-back'],
  ...['created', 'resized', 'reimaged', 'replaced', 'blue-green', 'steady', 'resizing', 'stopping'],
]

/**
 * Every secret in these values, in every form in which it may be written: as it is, escaped for JSON, URL-encoded, in base64. The longest
 * come first.
 * @param values pools of a spec, whatever is wrong with them; other texts are searched for what looks like a secret.
 * @param open names that are in the log anyway, such as pool ids: a variable may have one of them as its value.
 */
export function secretsIn(values: readonly unknown[], open: readonly string[] = []): readonly string[] {
  const openWords = new Set([...OWN_WORDS, ...open.map((word) => word.toLowerCase())])
  const found = values.flatMap(secretsOf).filter(({ text, isVariable }) => !(isVariable && openWords.has(text.trim().toLowerCase())))
  return longestFirst(found.flatMap(renderings))
}

/** In this order, no secret is hidden only in part because it contains another one. */
export function longestFirst(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort((one, other) => other.length - one.length)
}

function secretsOf(value: unknown): readonly Secret[] {
  if (typeof value === 'string') return withinText(value)
  if (Array.isArray(value)) return value.flatMap(secretsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    if (plainName(name) === 'environmentsettings') return environmentOf(member)
    return PLAIN_SECRET_MEMBERS.includes(plainName(name))
      ? leavesOf(member).flatMap((text) => [{ text, name }, ...withinText(text)])
      : secretsOf(member)
  })
}

/** Every value of a variable, whatever it is called. */
function environmentOf(settings: unknown): readonly Secret[] {
  if (!Array.isArray(settings)) return leavesOf(settings).map((text) => ({ text, name: 'value', isVariable: true }))
  return settings.flatMap((setting) => {
    const members = Object.entries(Object(setting) as Readonly<Record<string, unknown>>)
    const [, variable] = members.find(([name]) => plainName(name) === 'name') ?? []
    const texts = members.filter(([name]) => plainName(name) !== 'name').flatMap(([, value]) => leavesOf(value))
    const names = ['value', ...(typeof variable === 'string' ? [variable] : [])]
    return texts.flatMap((text) => names.map((name) => ({ text, name, isVariable: true as const })))
  })
}

function leavesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : []
}

/** Secrets within a command line, an address or settings: the group `secret` is hidden. */
const WITHIN: readonly RegExp[] = [
  // A shared access signature, and the whole query that it is in. https://learn.microsoft.com/rest/api/storageservices/create-service-sas
  /\?(?<secret>[^\s'"<>|]*\bsig=[^\s'"<>|]*)/g,
  /\bsig=(?<secret>[^&\s'"<>|;]+)/g,
  // Connection strings and options of mounts. https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
  /\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|pass)=(?<secret>[^;,\s'"]+)/gi,
  // NAME=value of the environment, and a value behind an option: --password x, -p x, /p:x.
  /(?:^|[\s;&'"])\$?(?:env:)?[\w-]*(?:secret|token|passw(?:or)?d|passphrase|pwd|api-?_?key|access-?_?key|private-?_?key|credentials?)\w*\s*[=:]\s*["']?(?<secret>[^\s"';&|]+)/gi,
  /(?:^|\s)(?:--?|\/)[\w-]*(?:secret|token|passw(?:or)?d|passphrase|pwd|pass|api-?key|access-?key|account-?key|sas)[\w-]*(?:\s+|[=:])["']?(?<secret>[^\s"';&|]+)/gi,
  /\b(?:login|sshpass|mysql|mysqldump)\b[^|;&\n]*?\s-p\s*["']?(?<secret>[^\s"';&|]+)/g,
  /(?:^|\s)-u\s*["']?[^\s"':]+:(?<secret>[^\s"';&|]+)/g,
  // User and password in an address, and the credential of a header.
  /:\/\/[^\s/@:'"]*:(?<secret>[^\s/@'"]+)@/g,
  /\b(?:Bearer|Basic|token)\s+(?<secret>[\w.~+/=-]{8,})/gi,
  // Tokens that their issuers made recognizable. https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
  /(?<secret>\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|AKIA|eyJ)[\w.-]{12,})/g,
  /(?<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)/g,
]

function withinText(text: string): readonly Secret[] {
  return WITHIN.flatMap((pattern) => [...text.matchAll(pattern)].map(({ groups }) => ({ text: groups?.secret ?? '' }))).flatMap(
    (secret) => {
      const decoded = decodedUrl(secret.text)
      return decoded === secret.text ? [secret] : [secret, { text: decoded }]
    },
  )
}

function decodedUrl(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function renderings({ text, name }: Secret): readonly string[] {
  const trimmed = text.trim()
  if (trimmed.length >= SHORTEST)
    return [...new Set([text, trimmed, ...lines(trimmed)])].filter((part) => part.length >= SHORTEST).flatMap(spellings)
  if (!name || trimmed === '') return []
  return [`"${name}":"${text}"`, `"${name}": "${text}"`, `${name}=${text}`].flatMap((pair) => [pair, escaped(pair)])
}

/** A key is often quoted line by line. Its first and last line are not secret. */
const lines = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= 16 && !line.startsWith('-----'))

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

/** Once and twice escaped for JSON (a body within a body), for .NET, which escapes more, for XML; for a URL; in base64. */
function spellings(text: string): readonly string[] {
  const dotNet = escaped(text).replaceAll(/[&<>'+`]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
  const xml = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  const url = encodeURIComponent(text.toWellFormed())
  return [
    text,
    escaped(text),
    escaped(escaped(text)),
    text.replaceAll('/', '\\/'),
    dotNet,
    xml,
    url,
    url.replaceAll('%20', '+'),
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...inBase64(text),
  ]
}

/** The text in base64 at each of three offsets within a longer text, without the letters that depend on its neighbours. */
function inBase64(text: string): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text, 'utf8')])
    const first = Math.ceil((shift * 8) / 6)
    const last = Math.floor((bytes.length * 8) / 6)
    const standard = bytes.toString('base64').slice(first, last)
    return [standard, standard.replaceAll('+', '-').replaceAll('/', '_')].filter((encoded) => encoded.length >= SHORTEST)
  })
}

/** The value with `***` in place of the secrets in all its texts. To be used before the texts are escaped for anything. */
export function withoutSecretsIn<T>(value: T, secrets: readonly string[]): T {
  const clean = (member: unknown): unknown => {
    if (typeof member === 'string') return withoutSecrets(member, secrets)
    if (Array.isArray(member)) return member.map(clean)
    if (typeof member !== 'object' || member === null) return member
    return Object.fromEntries(Object.entries(member).map(([name, inner]) => [name, clean(inner)]))
  }
  return clean(value) as T
}

/** The text with `***` in place of the secrets. @param secrets in all their renderings, the longest first */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}
