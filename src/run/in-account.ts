/** Pure: the context for work in one of several accounts: whatever it reports names the account. */
import type { StepContext } from './context.ts'
import type { RunEvent } from './events.ts'

/** The name of a pool in a run over several accounts, e.g. `renderwest/render`. */
export const poolLabel = (account: string, pool: string): string => `${account}/${pool}`

export function contextIn(account: string, context: StepContext): StepContext {
  return { ...context, events: { emit: (event) => context.events.emit(inAccount(account, event)) } }
}

function inAccount(account: string, event: RunEvent): RunEvent {
  switch (event.kind) {
    case 'resize-started':
    case 'resize-foreign':
    case 'node-count-changed':
    case 'resize-ended':
    case 'resize-backoff':
    case 'node-states-changed':
    case 'smoke-test-ended':
      return { ...event, pool: poolLabel(account, event.pool) }
    case 'proof-ended':
      return { ...event, pool: poolLabel(account, event.pool), proves: event.proves.map((pool) => poolLabel(account, pool)) }
    case 'notice':
      return { ...event, text: `Account ${account}: ${event.text}` }
    case 'resource':
      return event.type === 'pool'
        ? { ...event, detail: [`in account ${account}`, ...(event.detail ? [event.detail] : [])].join('; ') }
        : event
    case 'heartbeat':
      return { ...event, waitingFor: `${event.waitingFor} (account ${account})` }
    default:
      return event
  }
}
