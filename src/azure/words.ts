/**
 * Words of a state, in the letter case in which the OpenAPI documents give them, whatever case a service answers in. ARM says of states
 * that clients must not depend on their case: https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/async-api-reference.md
 */
export function stateWord(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`
}

const STATES = ['provisioningState', 'allocationState'] as const

/** The same for the states among properties. */
export function withStateWords<T extends object>(properties: T): T {
  const words = STATES.flatMap((name) => {
    const word = (properties as Readonly<Record<string, unknown>>)[name]
    return typeof word === 'string' ? [[name, stateWord(word)]] : []
  })
  return { ...properties, ...Object.fromEntries(words) }
}
