/** The process is killed at every request, before it is sent and after Azure acted on it; the next run ends as if nothing had happened. */
import { errorsOf } from './fault.ts'
import { type Case, inWorld } from './matrix.ts'
import { again, nameOf, type Recorded, type Recording, settle } from './recording.ts'
import { afterAll, halfMade } from './world-state.ts'

type Moment = 'before it is sent' | 'after Azure acted'

/** Azure acts on what writes; to it a read that was answered is one that never came. */
const momentsOf = ({ plane, method }: Recorded): readonly Moment[] =>
  (plane === 'arm' || plane === 'batch') && method !== 'GET' ? ['before it is sent', 'after Azure acted'] : ['before it is sent']

export function crashCases(recording: Recording, entry?: string): readonly Case[] {
  return recording.requests.flatMap((request) =>
    momentsOf(request).flatMap((moment) =>
      [false, true].map((hasPost) => ({
        name: `${nameOf(request)}, killed ${moment}${hasPost ? ', with post step' : ''}`,
        run: () => crash(recording, request, moment, hasPost, entry),
      })),
    ),
  )
}

async function crash(
  recording: Recording,
  request: Recorded,
  moment: Moment,
  hasPost: boolean,
  entry: string | undefined,
): Promise<readonly string[]> {
  const { flow } = recording
  const bundle = entry === undefined ? {} : { entry }
  return inWorld(recording, request, async (azure, disturb) => {
    const kill = new AbortController()
    const die = async () => {
      kill.abort()
      await dying
    }
    disturb(async () => {
      if (moment === 'after Azure acted') return { kind: 'act', after: die }
      await die()
      return { kind: 'reset' }
    })
    const dying = again(azure, flow, { kill: kill.signal, ...bundle })
    const dead = await dying
    azure.intervene = undefined
    const problems: string[] = []
    if (hasPost) {
      const post = await again(azure, flow, { state: dead.state, ...bundle })
      if (post.exitCode !== 0) problems.push(`the post step ended with ${post.exitCode}: ${post.log.slice(-500)}`)
      problems.push(
        ...halfMade(azure)
          .filter((id) => !post.log.includes(id))
          .map((id) => `the post step left ${id} and did not say so`),
      )
    }
    const next = await again(azure, flow, bundle)
    if (next.exitCode !== recording.run.exitCode) problems.push(`the next run ended with ${next.exitCode}: ${errorsOf(next.log)}`)
    await settle(azure)
    return [...problems, ...afterAll(recording, azure), ...(flow.rebuilds ? [] : rebuilt(azure.exchanges))]
  })
}

/** Only the update that includes a version in *latest* says so: a new one is excluded, or says nothing. */
const includesInLatest = ({ liveRequest }: Recording['exchanges'][number]): boolean =>
  (liveRequest.body as Partial<{ properties: { publishingProfile?: { excludeFromLatest?: boolean } } }> | undefined)?.properties
    ?.publishingProfile?.excludeFromLatest === false

/** A version or image that Azure had accepted is not made a second time. */
function rebuilt(exchanges: Recording['exchanges']): readonly string[] {
  const made = exchanges
    .filter(({ liveRequest, liveResponse }) => liveRequest.method === 'PUT' && Number(liveResponse.statusCode) < 300)
    .filter((exchange) => !includesInLatest(exchange))
    .map(({ liveRequest }) => liveRequest.url.split('?')[0] ?? '')
    .filter((url) => /\/versions\/[^/]+$|\/images\/[^/]+$/i.test(url) && !/\/galleries\/[^/]+\/images\/[^/]+$/i.test(url))
  return made.length > 1 ? [`${made.length} images were made: ${made.join(', ')}`] : []
}
