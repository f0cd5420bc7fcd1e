/** Every refusal that was recorded becomes a message that says what Azure said, in its innermost words. */
import { describe, expect, test } from 'vitest'
import { failedAnswer } from '../../src/azure/failure.ts'
import { explain } from '../../src/errors/explanation.ts'
import { headerOf } from './recorded-azure.ts'
import { type Interaction, RECORDINGS_ARE_HERE, recordedErrors, sourceOf } from './recordings.ts'

/** Texts of Azure's envelopes: where one of them is all that is told, there must be nothing inside. */
const GENERIC =
  /^(?:The value provided for one of the properties|The specified Request Body is not syntactically valid|Multiple error occurred|A retryable error|Access is Forbidden|One or more of the specified application package)/

function complaintsAbout(recorded: Interaction): readonly string[] {
  const { method, status, url, resBody } = recorded
  const headers = { get: (name: string) => headerOf(recorded, name) }
  const error = failedAnswer({ operation: 'ask', method, url }, { status, bodyAsText: resBody, headers })
  const { code = '', message, hint, title } = explain(error)
  const found: string[] = []
  const demand = (holds: boolean, what: string) => {
    if (!holds) found.push(`${sourceOf(recorded)}: ${what}: ${code}: ${message}`)
  }
  demand(code !== '' && message !== '' && hint !== '' && title !== '', 'something is empty')
  demand(!/RequestId:|Time:\d/.test(message), 'has the noise of the envelope')
  if (!resBody) {
    demand(code === `Http${status}`, 'an empty answer has another code')
  } else if (/^\s*</.test(resBody)) {
    const page = /"(.+)"$/.exec(message)?.[1] ?? ''
    demand(page !== '' && resBody.includes(page), 'does not name the page')
  } else {
    // A property's name may stand behind, in brackets.
    const [, words = '', , behind = ''] = /^(.*?)( \(([^()]+)\))?$/s.exec(message) ?? []
    const text = textsOf(JSON.parse(resBody))
    const says = (part: string) => text.some((one) => one.includes(part.trim()))
    demand(says(code), 'a code that Azure did not give')
    demand((says(words) && says(behind)) || says(message) || !hasMessage(resBody), 'words that Azure did not say')
    demand(
      !GENERIC.test(message) || text.filter((one) => one.length > 20).length <= 2,
      "the envelope's words, though there are others inside",
    )
  }
  return found
}

/** All texts of a JSON value; line ends as JSON has them after parsing. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

const hasMessage = (body: string): boolean => /"message"/.test(body)

describe.skipIf(!RECORDINGS_ARE_HERE)('recorded refusals', () => {
  test('each is reported in the words of Azure', () => {
    const errors = recordedErrors()
    expect(errors.length).toBeGreaterThan(200)
    expect(errors.flatMap(complaintsAbout)).toEqual([])
  })
})
