/** What the image is made from. */
import { armId, parseArmId, sameId } from '../model/arm-id.ts'
import type { DiskSource, Mode, Source, VmSource } from './config.ts'
import type { Group, Inputs } from './inputs.ts'

const SOURCES = ['vm', 'snapshots', 'vhd', 'managed-image', 'image-id'] as const
type SourceInput = (typeof SOURCES)[number]

/** The one source that the inputs name; `undefined`, with the problem recorded, where they name none or several. */
export function readSource(inputs: Inputs, group: Group, mode: Mode): Source | undefined {
  const [given, ...others] = SOURCES.filter((name) => inputs.text(name) !== '')
  if (mode === 'prune' && !given) return { kind: 'none' }
  if (!given || others.length > 0) {
    const found = given ? `, not ${[given, ...others].join(' and ')}` : ''
    inputs.refuse('vm', `Specify exactly one source${found}`, SOURCES.join(', '), '')
    return undefined
  }
  const capture = readCapture(inputs, given)
  switch (given) {
    case 'vm':
      return readVm(inputs, group, capture)
    case 'managed-image': {
      const id = inputs.resource('managed-image', 'Microsoft.Compute/images', group)
      return id && { kind: 'managed-image', id }
    }
    case 'image-id':
      return readImageId(inputs)
    case 'snapshots':
      return { kind: 'snapshots', disks: readSnapshots(inputs, group) }
    case 'vhd':
      return {
        kind: 'vhd',
        disks: readVhds(inputs),
        osType: inputs.choice('os-type', ['Linux', 'Windows'], 'Linux'),
        hyperVGeneration: inputs.choice('hyper-v-generation', ['V1', 'V2'], 'V1'),
        ...(inputs.text('vhd-storage-account') && { storageAccount: inputs.text('vhd-storage-account') }),
      }
  }
}

/** How a VM is captured. `prepare-script` needs a VM that can still run it. */
function readCapture(inputs: Inputs, given: SourceInput): VmSource['capture'] {
  const capture = inputs.choice('capture', ['auto', 'live', 'deallocate', 'generalized', 'copy', 'restore-point'], 'auto')
  if (inputs.text('prepare-script') === '') return capture
  if (given !== 'vm') inputs.refuse('prepare-script', `runs in a VM, but the source is given as \`${given}\``, '', '')
  else if (capture === 'generalized')
    inputs.refuse('prepare-script', 'cannot run in a VM that is already generalized', '`capture: live`, `deallocate` or `copy`', '')
  return capture
}

function readVm(inputs: Inputs, group: Group, capture: VmSource['capture']): Source | undefined {
  const id = inputs.resource('vm', 'Microsoft.Compute/virtualMachines', group)
  const prepareScript = inputs.optional('prepare-script')
  return id && { kind: 'vm', id, capture, ...(prepareScript && { prepareScript }) }
}

function readImageId(inputs: Inputs): Source | undefined {
  const parts = parseArmId(inputs.text('image-id'))
  if (parts && /^Microsoft\.Compute\/(?:images|galleries\/images\/versions)$/i.test(parts.type))
    return { kind: 'image-id', id: armId(parts) }
  const allowed = '…/galleries/…/images/…/versions/… or …/images/…'
  inputs.refuse('image-id', 'is not the resource id of an image version or managed image', allowed)
  return undefined
}

function readSnapshots(inputs: Inputs, group: Group): readonly DiskSource[] {
  return readDisks(inputs, 'snapshots').flatMap(({ disk, source }) => {
    const id = inputs.resourceOf('snapshots', source, 'Microsoft.Compute/snapshots', group)
    return id ? [{ disk, source: id }] : []
  })
}

function readDisks(inputs: Inputs, input: 'snapshots' | 'vhd'): readonly DiskSource[] {
  const disks = inputs.pairs(input).flatMap(([disk, source]): DiskSource[] => {
    if (disk === 'os') return [{ disk, source }]
    if (/^\d{1,2}$/.test(disk) && Number(disk) < 64) return [{ disk: Number(disk), source }]
    inputs.refuse(input, 'names a disk that is neither `os` nor a LUN', 'os, 0 to 63', disk)
    return []
  })
  if (disks.filter(({ disk }) => disk === 'os').length !== 1) inputs.refuse(input, 'needs exactly one line `os=…`', undefined, '')
  if (new Set(disks.map(({ disk }) => disk)).size !== disks.length) inputs.refuse(input, 'names a LUN more than once', undefined, '')
  const repeated = disks.find(({ source }, index) => disks.findIndex((other) => sameId(other.source, source)) < index)
  if (repeated) inputs.refuse(input, 'names a source for more than one disk', undefined, repeated.source.split('?')[0])
  return disks
}

/** The identity of the run reads the blob: a signature is not needed, and would end up in tags and reports. */
function readVhds(inputs: Inputs): readonly DiskSource[] {
  const disks = readDisks(inputs, 'vhd')
  const allowed = 'https://<account>.blob.core.windows.net/<container>/<name>.vhd'
  for (const { source } of disks) {
    if (!URL.canParse(source) || !/^https:\/\/[^/?#]+\/[^?#]+\.vhd(?:\?.*)?$/i.test(source))
      inputs.refuse('vhd', 'is not the address of a VHD blob', allowed, source.split('?')[0])
    else if (source.includes('?')) inputs.refuse('vhd', 'has a signature; leave the signature out', allowed, source.split('?')[0])
  }
  return disks
}
