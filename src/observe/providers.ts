/** Whether the resource providers that a run writes to are registered in its subscription. */
import type { Config } from '../config/config.ts'
import { type ArmId, parseArmId } from '../model/arm-id.ts'
import { emit, type StepContext } from '../run/context.ts'
import type { Observed } from './observed.ts'
import { visible } from './visible.ts'

const API_VERSION = '2021-04-01'

/** The providers that are not registered. One that the identity may not read counts as registered: then Azure itself will refuse a request. */
export async function observeProviders(config: Config, context: StepContext): Promise<Observed['unregistered']> {
  const found = await Promise.all(
    neededProviders(config).map(async ({ subscriptionId, namespace }) => {
      const id = `/subscriptions/${subscriptionId}/providers/${namespace}` as ArmId
      const provider = (await visible(context.arm.get(id, API_VERSION), ({ explanation }) =>
        emit(context, {
          kind: 'notice',
          level: 'info',
          text: `Whether ${namespace} is registered in the subscription cannot be checked in advance. ${explanation.hint}`,
        }),
      )) as { readonly registrationState?: string } | undefined
      return { subscriptionId, namespace, state: provider?.registrationState ?? 'Registered' }
    }),
  )
  return found.filter(({ state }) => state !== 'Registered')
}

interface NeededProvider {
  readonly subscriptionId: string
  readonly namespace: string
}

/** The providers to look up. A source of Microsoft.Compute shows that this provider is registered in its subscription. */
export function neededProviders({ source, image, mode }: Pick<Config, 'source' | 'image' | 'mode'>): readonly NeededProvider[] {
  const own = parseArmId(image?.resourceGroup ?? '')?.subscriptionId
  if (!image || !own || mode === 'prune' || source.kind === 'image-id') return []
  const gallery = parseArmId(image.gallery ?? '')?.subscriptionId ?? own
  const isCopied = source.kind === 'vm' && (source.capture === 'copy' || source.capture === 'auto')
  const proven = sourceSubscription(source)?.toLowerCase()
  const compute = [...new Set([own, gallery].map((id) => id.toLowerCase()))].filter((id) => id !== proven)
  return [
    ...compute.map((subscriptionId) => ({ subscriptionId, namespace: 'Microsoft.Compute' })),
    ...(isCopied ? [{ subscriptionId: own, namespace: 'Microsoft.Network' }] : []),
  ]
}

function sourceSubscription(source: Config['source']): string | undefined {
  switch (source.kind) {
    case 'vm':
    case 'managed-image':
    case 'image-id':
      return parseArmId(source.id)?.subscriptionId
    case 'snapshots':
      return parseArmId(source.disks[0]?.source ?? '')?.subscriptionId
    case 'vhd':
    case 'none':
      return undefined
  }
}
