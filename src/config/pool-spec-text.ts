/** The text of `pool-spec`: inline or in a file, read exactly or refused. */
import { parseAllDocuments } from 'yaml'
import type { InputReader } from './inputs.ts'

/** Reports what is wrong with the text as a whole; `path` is the file that it is in. */
type Refuse = (problem: string, path?: string) => void

const FILE_NAME = /\.(?:ya?ml|json)$/i

/** The text, and the path of its file if it is in one; `undefined`, with the problem recorded, where it cannot be read. */
export function readSpecText(
  given: string,
  reader: InputReader,
  refuse: Refuse,
): { readonly text: string; readonly path?: string } | undefined {
  if (!isPath(given)) return { text: given.replace(/^\uFEFF/, '') }
  const problem = pathProblem(given)
  if (problem) {
    refuse(problem, given)
    return undefined
  }
  const file = reader.file(given)
  if (file === 'directory') refuse('is a directory; name one file in it', given)
  else if (!FILE_NAME.test(given)) refuse(otherFileProblem(given, file !== undefined), given)
  else if (file === undefined) refuse(missingFileProblem(given), given)
  else return decoded(file, given, refuse)
  return undefined
}

/** A text with a colon, a bracket or a list item is a specification; anything else can only be a path. */
function isPath(given: string): boolean {
  const lines = given.split(/\r?\n/).map((line) => line.trim())
  if (lines.length > 1) return lines.every((line) => line === '' || FILE_NAME.test(line)) && !/:\s|[{}[\]#]/.test(given)
  return !/^[{["'#]|^-\s|^---|:(?:\s|$)/.test(given)
}

function pathProblem(given: string): string | undefined {
  const names = given.split(/[\s,;]+/).filter((name) => FILE_NAME.test(name))
  if (names.length > 1) return `names ${names.length} files; put all pools into one file, as a list or as several YAML documents`
  if (/^[a-z]+:\/\//i.test(given)) return 'is an address; check the file out, or download it, and give its path'
  if (given.startsWith('@')) return 'is a path with `@` before it; leave the `@` out'
  if (/[*?]/.test(given)) return 'is a pattern; name one file'
  return undefined
}

function otherFileProblem(path: string, isThere: boolean): string {
  const [, ending] = /\.(\w+)$/.exec(path) ?? []
  if (/\.(?:ya?ml|json)\.\w+$/i.test(path))
    return `is a template (\`.${ending}\`); fill it in and give the result, a file that ends in .yml, .yaml or .json`
  if (ending === 'bicep') return 'is a Bicep file; compile it (`az bicep build`) and give the pool resource of the result'
  if (ending === 'tf') return 'is a Terraform file; write the pool as in ARM or Bicep'
  return isThere
    ? 'is a file whose name does not end in .yml, .yaml or .json'
    : 'is neither a mapping of pool properties nor the path of a file that ends in .yml, .yaml or .json'
}

function missingFileProblem(path: string): string {
  if (path.includes('\\')) return 'is a path, but there is no such file; separate its parts with `/`'
  return 'is a path, but there is no such file; check the repository out before this step'
}

/** UTF-8, or UTF-16 with its byte order mark, as Windows PowerShell writes it. */
function decoded(bytes: Uint8Array, path: string, refuse: Refuse): { readonly text: string; readonly path: string } | undefined {
  const [first, second] = bytes
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    const problem = contentProblem(text)
    if (!problem) return { text, path }
    refuse(problem, path)
  } catch {
    refuse(`is not ${encoding === 'utf-8' ? 'UTF-8' : 'valid UTF-16'} text; save it as UTF-8`, path)
  }
  return undefined
}

/** Content that tools put in place of the intended file. */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  // Git writes the target of a link where links are switched off. https://git-scm.com/docs/git-config#Documentation/git-config.txt-coresymlinks
  [/^(?!-)[\w./\\-]+\.(?:ya?ml|json)$/i, 'is a symbolic link that was checked out as text; name the file that it points to'],
  [/^version https:\/\/git-lfs\.github\.com\//, 'is a Git LFS pointer; check out with `lfs: true`'],
  [/^\$ANSIBLE_VAULT;/, 'is encrypted with Ansible Vault; decrypt it before this step'],
  [/^"?sops"?:|"sops":\s*\{/m, 'is encrypted with SOPS; decrypt it before this step'],
  [/^\s*<(?:!doctype|html|\?xml)/i, 'is an HTML or XML page, not YAML or JSON'],
]

function contentProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'is not UTF-8 text; save it as UTF-8'
  return STAND_INS.find(([pattern]) => pattern.test(text.trim()))?.[1]
}

/** Text in other languages and templates, which YAML would misread. */
const OTHER_LANGUAGES: readonly (readonly [RegExp, string])[] = [
  [/^[^#"'\n]*:\s*\{\{/m, 'has placeholders of a template (`{{ … }}`); fill it in before this step'],
  [/^\s*resource\s+"azurerm_/m, 'is Terraform; write the pool as in ARM or Bicep'],
  [/^\s*resource\s+\w+\s+'Microsoft\.Batch\//m, 'is Bicep; compile it (`az bicep build`) and give the pool resource of the result'],
]

/** The deepest part of a pool are extension settings, which rarely have more than ten levels. */
const DEEPEST = 64

/**
 * The values in the text: each YAML document, the items of each list. Nothing of the text goes into a message, because there may be
 * secrets in it.
 */
export function parseValues(given: string, refuse: Refuse): readonly unknown[] {
  const text = withoutMarks(given)
  const problem = OTHER_LANGUAGES.find(([pattern]) => pattern.test(text))?.[1] ?? commentProblem(text) ?? depthProblem(text)
  if (problem) {
    refuse(problem)
    return []
  }
  try {
    const documents = parseAllDocuments(text, { merge: true })
    const problems = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]).map(yamlProblem)
    for (const said of problems) refuse(said)
    if (problems.length > 0) return []
    const values = documents.filter(({ contents }) => contents !== null).flatMap((document) => document.toJS() as unknown)
    if (values.length === 0) refuse('is empty: it names no pool')
    if (values.every((value) => isExact(value, DEEPEST, refuse))) return values
  } catch (error) {
    // Resolving an alias throws a ReferenceError; following a circle, or a text nested too deeply, has no end.
    const isAlias = error instanceof ReferenceError
    refuse(isAlias ? 'has an alias without an anchor, or too many aliases' : TOO_DEEP)
  }
  return []
}

/** A byte order mark may precede each document. https://yaml.org/spec/1.2.2/#52-character-encodings */
const withoutMarks = (text: string): string =>
  text
    .replace(/^\uFEFF/, '')
    .replace(/^(---[^\n]*\n|\.\.\.\s*\n)\uFEFF/gm, '$1')
    .replace(/^\uFEFF(?=---)/gm, '')

/** YAML reads `// …` as text. */
function commentProblem(text: string): string | undefined {
  if (!/^\s*(?:[{[]|\/[/*])/.test(text)) return undefined
  const hasComment = /(?:^|[\s,{[])\/[/*]/.test(text.replace(/"(?:[^"\\\n]|\\.)*"/g, '""'))
  return hasComment
    ? 'is JSON with comments (`//`, `/* */`), which JSON does not allow; remove them, or write YAML, where a comment begins with `#`'
    : undefined
}

const TOO_DEEP = 'is nested too deeply, or has an alias that contains itself'
/** Brackets inside texts count too. */
const MOST_OPEN_BRACKETS = 1_000

/** The parser recurses for each level, and may run out of stack after a long time. */
function depthProblem(text: string): string | undefined {
  let open = 0
  for (const letter of text) {
    if (letter === '[' || letter === '{') open += 1
    else if (letter === ']' || letter === '}') open = Math.max(0, open - 1)
    if (open > MOST_OPEN_BRACKETS) return TOO_DEEP
  }
  return /^\s*(?:[-?] +){64}/m.test(text) ? TOO_DEEP : undefined
}

function yamlProblem({
  code,
  message,
  linePos,
}: {
  code: string
  message: string
  linePos?: readonly { line: number; col: number }[] | undefined
}): string {
  const at = linePos?.[0]
  const words =
    code === 'DUPLICATE_KEY'
      ? 'a key occurs twice'
      : code === 'TAG_RESOLVE_FAILED'
        ? 'a tag (`!…`) is not known'
        : message.split(/ at line \d+|\n/)[0]?.replace(/: .*$/, '')
  return `is not valid YAML or JSON: ${words}${at ? `, line ${at.line}, column ${at.col}` : ''}`
}

/** Whether the value can be sent as it is written: a number that JSON cannot represent would become another number. */
function isExact(value: unknown, levels: number, refuse: Refuse): boolean {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)))) {
    refuse('has a number that is too large to be read exactly; put it in quotes')
    return false
  }
  if (typeof value !== 'object' || value === null) return true
  if (levels > 0) return Object.values(value).every((inner) => isExact(inner, levels - 1, refuse))
  refuse(`is nested more than ${DEEPEST} levels deep, or has an alias that contains itself`)
  return false
}
