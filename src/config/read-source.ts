/** What the image is made from. */
import { armId, parseArmId } from '../model/arm-id.ts'
import type { DiskSource, Mode, Source } from './config.ts'
import type { Group, Inputs } from './inputs.ts'

const SOURCES = ['vm', 'snapshots', 'vhd', 'managed-image', 'image-id'] as const

export function readSource(inputs: Inputs, group: Group, mode: Mode): Source | undefined {
  const given = SOURCES.filter((name) => inputs.text(name) !== '')
  if (mode === 'prune' && given.length === 0) return { kind: 'none' }
  if (given.length !== 1) {
    inputs.refuse(
      'vm',
      given.length === 0 ? 'no source is given' : `only one source may be given, not ${given.join(' and ')}`,
      SOURCES.join(', '),
      '',
    )
    return undefined
  }
  const capture = inputs.choice('capture', ['live', 'deallocate', 'generalized', 'copy'], 'live')
  if (inputs.text('prepare-script') && given[0] !== 'vm')
    inputs.refuse('prepare-script', `runs in a VM, not in a source given as \`${given[0]}\``, '', '')
  else if (inputs.text('prepare-script') && capture === 'generalized')
    inputs.refuse('prepare-script', 'cannot run in a VM that is generalized already', '`capture: live`, `deallocate` or `copy`', '')
  switch (given[0]) {
    case 'vm': {
      const id = inputs.resource('vm', 'Microsoft.Compute/virtualMachines', group)
      const prepareScript = inputs.optional('prepare-script')
      return id && { kind: 'vm', id, capture, ...(prepareScript && { prepareScript }) }
    }
    case 'managed-image': {
      const id = inputs.resource('managed-image', 'Microsoft.Compute/images', group)
      return id && { kind: 'managed-image', id }
    }
    case 'image-id': {
      const text = inputs.text('image-id')
      const parts = parseArmId(text)
      const isImage = /^Microsoft\.Compute\/(?:images|galleries\/images\/versions)$/i.test(parts?.type ?? '')
      if (!parts || !isImage)
        inputs.refuse(
          'image-id',
          'is no resource id of an image version or managed image',
          '…/galleries/…/images/…/versions/… or …/images/…',
        )
      return parts && isImage ? { kind: 'image-id', id: armId(parts) } : undefined
    }
    case 'snapshots':
      return {
        kind: 'snapshots',
        disks: readDisks(inputs, 'snapshots').flatMap(({ disk, source }) => {
          const id = inputs.resourceOf('snapshots', source, 'Microsoft.Compute/snapshots', group)
          return id ? [{ disk, source: id }] : []
        }),
      }
    case 'vhd':
      return {
        kind: 'vhd',
        disks: readVhds(inputs),
        osType: inputs.choice('os-type', ['Linux', 'Windows'], 'Linux'),
        hyperVGeneration: inputs.choice('hyper-v-generation', ['V1', 'V2'], 'V1'),
        ...(inputs.text('vhd-storage-account') && { storageAccount: inputs.text('vhd-storage-account') }),
      }
    default:
      return undefined
  }
}

function readDisks(inputs: Inputs, input: 'snapshots' | 'vhd'): readonly DiskSource[] {
  const disks = inputs.pairs(input).flatMap(([disk, source]): DiskSource[] => {
    if (disk === 'os') return [{ disk, source }]
    if (/^\d{1,2}$/.test(disk) && Number(disk) < 64) return [{ disk: Number(disk), source }]
    inputs.refuse(input, 'names a disk that is neither `os` nor a LUN', 'os, 0 to 63', disk)
    return []
  })
  if (disks.filter(({ disk }) => disk === 'os').length !== 1) inputs.refuse(input, 'needs exactly one line `os=…`', undefined, '')
  if (new Set(disks.map(({ disk }) => disk)).size !== disks.length) inputs.refuse(input, 'names a LUN twice', undefined, '')
  return disks
}

/** The identity of this action reads the blob: a signature is not needed, and would end in tags and reports. */
function readVhds(inputs: Inputs): readonly DiskSource[] {
  const disks = readDisks(inputs, 'vhd')
  const allowed = 'https://<account>.blob.core.windows.net/<container>/<name>.vhd'
  for (const { source } of disks) {
    if (!URL.canParse(source) || !/^https:\/\/[^/?#]+\/[^?#]+\.vhd(?:\?.*)?$/i.test(source))
      inputs.refuse('vhd', 'is no address of a VHD blob', allowed, source.split('?')[0])
    else if (source.includes('?')) inputs.refuse('vhd', 'carries a signature: leave it out', allowed, source.split('?')[0])
  }
  return disks
}
