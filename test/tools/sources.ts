/** What the embedded Azure refuses, and where it is known from: every refusal needs a link beside it, or stands in the list of its README. */
import { programOf, readSources, type Source, type Syntax } from './import-graph.ts'

/** Codes that a page or a recording knows for the whole of a room; their wording may still be ours. */
const KNOWN: readonly { readonly rooms: RegExp; readonly source: string; readonly codes: readonly string[] }[] = [
  {
    rooms: /^batch\//,
    source: 'https://learn.microsoft.com/rest/api/batchservice/batch-status-and-error-codes',
    codes: [
      ...['ConditionNotMet', 'MissingRequiredProperty', 'InvalidPropertyValue', 'OutOfRangeInput', 'OperationInvalidForCurrentState'],
      ...['PoolBeingDeleted', 'PoolBeingResized', 'PoolExists', 'PoolNotFound', 'PoolQuotaReached'],
      ...['JobCompleted', 'JobExists', 'JobNotFound', 'JobScheduleNotFound', 'NodeNotFound', 'FileNotFound'],
    ],
  },
  {
    rooms: /^(?:arm|compute)\/|^server/,
    source: 'https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors',
    codes: [
      ...['AuthorizationFailed', 'LinkedAuthorizationFailed', 'InvalidRequestContent', 'NoRegisteredProviderFound', 'ScopeLocked'],
      ...['NotFound', 'ParentResourceNotFound', 'ResourceNotFound', 'ResourceGroupNotFound', 'SubscriptionNotFound', 'Conflict'],
      'PropertyChangeNotAllowed',
    ],
  },
  {
    rooms: /^(?:compute|batch)\//,
    source: 'recordings of the Azure CLI and the Azure SDKs (https://github.com/Azure/azure-cli)',
    codes: ['AccountNotFound', 'BadRequest', 'ImageBlobNotFound', 'InternalExecutionError', 'InvalidParameter', 'OperationNotAllowed'],
  },
]

const isKnown = (room: string, code: string): boolean => KNOWN.some(({ rooms, codes }) => rooms.test(room) && codes.includes(code))

interface Refusing {
  /** E.g. `compute/disks.ts: 409 OperationNotAllowed`. */
  readonly what: string
  readonly hasSource: boolean
}

const LINK = /https?:\/\/(?!127\.|localhost|\$)/

/** A link counts in the comments of the outermost function or class member around a refusal, and in the comment right before it. */
function refusalsIn({ file, text }: Source): readonly Refusing[] {
  const found: Refusing[] = []
  const walk = (node: Syntax, outer: string): void => {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) {
      for (const child of node) walk(child, outer)
      return
    }
    const isOuter = outer === '' && /^(?:FunctionDeclaration|MethodDefinition|VariableDeclaration)$/.test(node.type ?? '')
    const around = isOuter ? commentBefore(text, node.start) + text.slice(node.start, node.end) : outer
    if (node.type === 'NewExpression' && node.callee?.name === 'Refusal') {
      const [status, code] = node.arguments.map((argument: Syntax) => argument?.value ?? '…')
      const comments = [...around.matchAll(/\/\*[\s\S]*?\*\/|\/\/.*/g)].map(([comment]) => comment)
      const room = file.replace('test/embedded-azure/', '')
      found.push({ what: `${room}: ${status} ${code}`, hasSource: isKnown(room, code) || comments.some((one) => LINK.test(one)) })
    }
    for (const [name, child] of Object.entries(node)) if (name !== 'type') walk(child, around)
  }
  walk(programOf({ file, text }), '')
  return found
}

const commentBefore = (text: string, start: number): string =>
  /(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/|(?:\/\/[^\n]*\n)+)\s*(?:export\s+)?$/.exec(text.slice(0, start))?.[0] ?? ''

export const refusals = (): readonly Refusing[] =>
  readSources('test')
    .filter(({ file }) => file.startsWith('test/embedded-azure/'))
    .flatMap(refusalsIn)

/** Refusals that nothing outside of this project is named for, each once. */
export const unsourced = (): readonly string[] =>
  [...new Set(refusals().flatMap(({ what, hasSource }) => (hasSource ? [] : [what])))].sort()
