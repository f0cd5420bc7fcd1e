import { describe, expect, test } from 'vitest'
import { type Given, GROUP, parse, problems, SUBSCRIPTION, VERSION_ID, VM_ID, without } from '../../fixtures/config-inputs.ts'

describe('the source', () => {
  test.each<[string, Given, string]>([
    ['none', {}, 'vm: Specify exactly one source (allowed: vm, snapshots, vhd, managed-image, image-id)'],
    [
      'two',
      { vm: 'a', 'image-id': VERSION_ID },
      'vm: Specify exactly one source, not vm and image-id (allowed: vm, snapshots, vhd, managed-image, image-id)',
    ],
    ['snapshots without an OS disk', { snapshots: '0=data' }, 'snapshots: needs exactly one line `os=…`'],
    ['snapshots with two OS disks', { snapshots: 'os=a\nos=b' }, 'snapshots: needs exactly one line `os=…`'],
    ['a LUN twice', { snapshots: 'os=a\n1=b\n1=c' }, 'snapshots: names a LUN more than once'],
    ['a LUN too high', { snapshots: 'os=a\n64=b' }, 'snapshots "64": names a disk that is neither `os` nor a LUN (allowed: os, 0 to 63)'],
    ['a line without a value', { snapshots: 'os=a\n0=' }, 'snapshots "0=": has a line that is not key=value'],
    [
      'an image that is none',
      { 'image-id': VM_ID },
      `image-id "${VM_ID}": is not the resource id of an image version or managed image (allowed: …/galleries/…/images/…/versions/… or …/images/…)`,
    ],
    [
      'a managed image as such',
      { 'managed-image': 'm', 'image-kind': 'managed' },
      'managed-image "m": is already a managed image; there is nothing to build with `image-kind: managed` (allowed: `image-id`)',
    ],
    [
      'a VHD with a signature',
      { vhd: 'os=https://a.blob.core.windows.net/c/os.vhd?sv=1&sig=secret' },
      'vhd "https://a.blob.core.windows.net/c/os.vhd": has a signature; leave the signature out (allowed: https://<account>.blob.core.windows.net/<container>/<name>.vhd)',
    ],
    [
      'a script without a VM',
      { snapshots: 'os=a', 'prepare-script': 'true' },
      'prepare-script: runs in a VM, but the source is given as `snapshots`',
    ],
    [
      'a script in a generalized VM',
      { vm: 'a', capture: 'generalized', 'prepare-script': 'true' },
      'prepare-script: cannot run in a VM that is already generalized (allowed: `capture: live`, `deallocate` or `copy`)',
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes, without('vm'))).toContain(expected)
  })

  test('lines may end as on Windows, and be indented', () => {
    const { source } = parse({ ...without('vm'), snapshots: '  os = golden-os \r\n\r\n\t0=data-0\r\n' })
    expect(source).toEqual({
      kind: 'snapshots',
      disks: [
        { disk: 'os', source: `${GROUP}/providers/Microsoft.Compute/snapshots/golden-os` },
        { disk: 0, source: `${GROUP}/providers/Microsoft.Compute/snapshots/data-0` },
      ],
    })
  })

  test('an image that is given needs nothing of the image half', () => {
    const given = { 'image-id': VERSION_ID, 'batch-account': 'renderfarm', 'resource-group': 'g', 'pool-id': 'p', 'vm-size': 's' }
    const { image, source } = parse(given)
    expect(image).toBeUndefined()
    expect(source).toEqual({ kind: 'image-id', id: VERSION_ID })
  })

  test('pruning needs none, but the account', () => {
    const prune = { mode: 'prune', 'image-name': 'golden', gallery: 'farm', 'resource-group': 'g', 'subscription-id': SUBSCRIPTION }
    expect(problems(prune, {})).toEqual([
      'batch-account: is required: no image is deleted before it is known which images the pools still use',
    ])
    expect(parse({ ...prune, 'batch-account': 'a' })).toMatchObject({ source: { kind: 'none' }, pool: { requests: [] } })
  })

  test('retention needs the account too', () => {
    expect(problems({ 'retain-versions': '3' }, without('batch-account', 'pool-id', 'vm-size'))).toEqual([
      'batch-account: is required: no image is deleted before it is known which images the pools still use',
    ])
  })
})
