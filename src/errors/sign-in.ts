/** Sign-in failures, and what to do about them. */
import { WAYS } from '../model/sign-in.ts'
import { ENTRA_FAMILIES } from './entra-refusals.ts'
import { ActionError, type Advice } from './explanation.ts'
import { CODES, type SignInAttempt } from './sign-in-attempt.ts'
import { OTHER_FAMILIES } from './sign-in-failures.ts'
import { UnreachableError } from './unreachable.ts'

/** Signing in failed: in the innermost words of Entra ID, GitHub, the Azure CLI or the network. */
export class AuthError extends ActionError {
  constructor({ error, ...attempt }: SignInAttempt & { readonly error: unknown }) {
    const all = error instanceof Error ? error.message : String(error)
    const message = signInWords(all) || 'the sign-in was refused without a reason'
    const code = CODE.exec(message)?.[0]
    super({ title: 'Azure sign-in failed', message, ...adviceFor(error, message, attempt), ...(code && { code }) }, { cause: error })
  }
}

const CODE = /AADSTS\d+/

/** The sentence of Entra ID within other words, without its trace ids; `undefined` where there is none. */
export const entraSentence = (text: string): string | undefined =>
  /AADSTS\d+: .*?(?=\s+(?:Trace ID|Correlation ID|Timestamp):|$)/s.exec(text)?.[0].replace(/\s+/g, ' ')

const WRAPPED = /^ManagedIdentityCredential: (?:Authentication failed|Network unreachable)\.\s+Message:?\s+/
const DESCRIBED = /\s- Description: (.*?)\s- Correlation ID: /s
/** Where the answer has no text, MSAL repeats its status and headers. */
const WITHOUT_WORDS = /^An? \S+ error occur+ed\.\s+Http status code: (\d+)/

/** What the managed identity endpoint said, without the words that the libraries add; `undefined` for other failures. */
function managedIdentityWords(text: string): string | undefined {
  if (!WRAPPED.test(text)) return undefined
  const inner = text.replace(WRAPPED, '').trim()
  const said = (DESCRIBED.exec(inner)?.[1] ?? inner).trim()
  const status = WITHOUT_WORDS.exec(said)?.[1]
  if (status) return `the managed identity endpoint answered ${status}, without a reason`
  if (/^network_error\b/.test(said)) return 'the managed identity endpoint gave no answer that could be read (network_error)'
  return `the managed identity endpoint said: ${said}`
}

/** The innermost words of a failed sign-in. */
export const signInWords = (text: string): string => (entraSentence(text) ?? managedIdentityWords(text) ?? text).trim()

function adviceFor(error: unknown, message: string, attempt: SignInAttempt): Advice {
  if (error instanceof UnreachableError)
    return { hint: error.explanation.hint, ...(error.explanation.link && { link: error.explanation.link }) }
  const families = CODE.test(message) ? ENTRA_FAMILIES : OTHER_FAMILIES
  return families.find(({ matches }) => matches.test(message))?.advice(attempt) ?? unknown(message, attempt)
}

/** Says only what is known. */
function unknown(message: string, { signIn, authorityHost }: SignInAttempt): Advice {
  const who = [
    ...(signIn.clientId ? [`as application ${signIn.clientId}`] : []),
    ...(signIn.tenantId ? [`in tenant ${signIn.tenantId}`] : []),
    `by ${WAYS[signIn.way]}`,
  ].join(' ')
  const number = /AADSTS(\d+)/.exec(message)?.[1]
  return number
    ? {
        hint: `Microsoft Entra ID (${authorityHost}) refused the sign-in ${who}; its words above say why.`,
        link: `https://login.microsoftonline.com/error?code=${number}`,
      }
    : { hint: `The sign-in ${who} failed; the words above say why.`, link: CODES }
}
