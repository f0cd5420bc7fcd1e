/** What is known about a sign-in that failed, and the kinds of failures that have advice of their own. */
import type { SignIn } from '../model/sign-in.ts'
import type { Advice } from './explanation.ts'

/** Who tried to sign in, where and how. */
export interface SignInAttempt {
  readonly signIn: SignIn
  /** Why this way was taken. */
  readonly why: string
  /** E.g. `AzureCloud`. */
  readonly environment: string
  /** E.g. `login.microsoftonline.com`. */
  readonly authorityHost: string
  /** Of the job's own token, which a federated credential must name. */
  readonly assertionClaims?: AssertionClaims
}

export interface AssertionClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
}

/** Failures that ask for the same remedy. */
export interface Family {
  readonly matches: RegExp
  readonly advice: (attempt: SignInAttempt) => Advice
}

export const CODES = 'https://learn.microsoft.com/entra/identity-platform/reference-error-codes'

export const BUSY: Advice = {
  hint: 'Microsoft Entra ID, or the token service of GitHub, was busy for longer than this action retried. Run again later.',
  link: 'https://azure.status.microsoft',
}
