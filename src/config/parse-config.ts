/** The inputs of the action as one typed value. `parseConfig` reports every problem at once. */
import { InputError } from '../errors/input-error.ts'
import { MINUTE_MS, parseDurationMs } from '../model/duration.ts'
import { type Config, type Identity, imageKindOf, type Mode } from './config.ts'
import { type InputReader, Inputs, readGroup } from './inputs.ts'
import { readIdentity } from './read-identity.ts'
import { readImage } from './read-image.ts'
import { readPool } from './read-pool.ts'
import { readSource } from './read-source.ts'
import { longestFirst } from './secrets.ts'

const TIMEOUT = { minMs: MINUTE_MS, maxMs: 350 * MINUTE_MS, fallbackMs: 120 * MINUTE_MS }

/** How and where the run signs in, from the identity inputs alone. Their problems are left to `parseConfig`. */
export function parseIdentity(reader: InputReader): Identity {
  const inputs = new Inputs(reader)
  return readIdentity(inputs, reader, readGroup(inputs, reader), 'apply')
}

/** @throws InputError with every problem found. */
export function parseConfig(reader: InputReader): Config {
  const inputs = new Inputs(reader)
  inputs.hide([{ password: inputs.text('github-token') }, inputs.text('prepare-script'), inputs.text('smoke-test')])
  const group = readGroup(inputs, reader)
  const mode = inputs.choice('mode', ['apply', 'plan', 'validate', 'prune'], 'apply')
  const source = readSource(inputs, group, mode)
  const image = source?.kind === 'image-id' ? undefined : readImage(inputs, group)
  const pool = readPool(inputs, reader, { group, imageKind: imageKindOf(source, image), mode })
  const timeoutMs = inputs.durationMs('timeout', TIMEOUT)
  const planId = readPlanId(inputs, mode)
  const identity = readIdentity(inputs, reader, group, mode)
  checkReporting(inputs)
  checkTogether(inputs, { mode, identity, source, image, pool, timeoutMs })
  if (inputs.problems.length > 0 || !source) throw new InputError(inputs.problems)
  return {
    mode,
    identity,
    source,
    timeoutMs,
    notices: inputs.notices,
    secrets: longestFirst(inputs.secrets),
    ...(image && { image }),
    ...(pool && { pool }),
    ...(planId !== undefined && { planId }),
  }
}

/** `report/` reads these inputs itself, because a run with refused inputs is reported too; here they are only checked. */
function checkReporting(inputs: Inputs): void {
  inputs.boolean('summary', true)
  const [isCommenting, token] = [inputs.boolean('comment', false), inputs.text('github-token')]
  if (isCommenting && token === '') inputs.refuse('github-token', 'is required with `comment: true`')
}

function readPlanId(inputs: Inputs, mode: Mode): string | undefined {
  const planId = inputs.optional('plan-id')
  if (planId !== undefined && !/^[\w./-]+=[0-9a-f.]+(?:,[\w./-]+=[0-9a-f.]+)*$/.test(planId))
    inputs.refuse('plan-id', 'is not the id of a plan', 'the output `plan-id` of a run with `mode: plan`')
  else if (planId !== undefined && mode === 'prune') inputs.refuse('plan-id', 'has no effect with `mode: prune`, which makes no plan')
  return planId
}

/** Inputs of different themes that exclude or need each other. */
function checkTogether(
  inputs: Inputs,
  {
    mode,
    identity,
    source,
    image,
    pool,
    timeoutMs,
  }: Pick<Config, 'mode' | 'identity' | 'timeoutMs'> & { [name in 'source' | 'image' | 'pool']: Config[name] | undefined },
): void {
  if (source?.kind === 'managed-image' && image?.kind === 'managed')
    inputs.refuse('managed-image', 'is already a managed image; there is nothing to build with `image-kind: managed`', '`image-id`')
  const isRefused = (name: string) => inputs.problems.some(({ input }) => input === name)
  if (image && !pool && !isRefused('batch-account') && (mode === 'prune' || image.retainVersions > 0))
    inputs.refuse('batch-account', 'is required: no image is deleted before it is known which images the pools still use')
  // Both come from variables of the repository, and are empty together where nobody set them.
  const isAutomatic = inputs.text('client-id') === '' && /^(?:auto)?$/i.test(inputs.text('auth'))
  if (identity.subscriptionId === '' && isRefused('subscription-id') && isAutomatic)
    inputs.refuse(
      'client-id',
      'is empty like `subscription-id`; if they come from variables, check that this repository has them (Settings › Secrets and variables › Actions › Variables)',
    )
  const resizeMs = parseDurationMs(inputs.text('resize-timeout'))
  if (pool && pool.wait !== 'none' && resizeMs !== undefined && resizeMs > timeoutMs)
    inputs.refuse(
      'resize-timeout',
      'is longer than the `timeout` of the whole run',
      `at most ${timeoutMs / MINUTE_MS} min, or a longer timeout`,
    )
  if (pool?.wait === 'none' && pool.strategy === 'blue-green')
    inputs.refuse('wait', 'would move the jobs to a new pool without nodes, with `strategy: blue-green`', 'nodes, steady')
}
