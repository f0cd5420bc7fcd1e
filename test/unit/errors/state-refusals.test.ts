/** Refusals because of the state of a resource or of Azure itself. */
import { expect, test } from 'vitest'
import { type AT, refused } from '../../fixtures/refusals.ts'

test.each<[string, keyof typeof AT, string, string, RegExp, RegExp]>([
  [
    'a change by somebody else at the same time',
    'snapshot',
    'Conflict',
    'The request failed due to conflict with a concurrent request. To resolve it, please refer to https://aka.ms/activitylog to get more details on the conflicting requests.',
    /^Another operation is in progress: create it s1 \(Conflict\)$/,
    /run again/,
  ],
  [
    'an operation that another one took the place of',
    'snapshot',
    'OperationPreempted',
    'Operation execution has been preempted by a more recent operation.',
    /^Another operation is in progress/,
    /`concurrency` group/,
  ],
  ['what Azure does not do', 'vm', 'NotSupported', 'x', /^Not supported/, /retrying will not help/],
  [
    'a busy Run Command',
    'vm',
    'Conflict',
    'Run command extension execution is in progress. Please wait for completion before invoking a run command.',
    /^Run Command is busy/,
    /RemoveRunCommandLinuxExtension/,
  ],
  [
    'throttling that mentions a quota',
    'vm',
    'TooManyRequests',
    'The quota of requests is used up: too many requests.',
    /throttled/,
    /later/,
  ],
  ['a failure that mentions a quota', 'pool', 'InternalServerError', 'quota service is down', /^Azure failed for a while/, /Run again/],
])('%s', (_, where, code, message, title, hint) => {
  const explanation = refused(where, code, message)
  expect(explanation.title).toMatch(title)
  expect(explanation.hint).toMatch(hint)
  expect(explanation).toMatchObject({ code, message })
})
