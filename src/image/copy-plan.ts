/** Pure: a throw-away copy of the golden VM, made of snapshots, so that it can be generalized while the original lives on. */
import type { Tags } from '../model/arm.ts'
import { type ArmId, childId } from '../model/arm-id.ts'
import type { OsType, VirtualMachine } from '../model/compute.ts'
import type { CapturedDisk } from './source.ts'
import { isOfRun, isOwn, LONGEST_RUN_MS, TAGS } from './tags.ts'

/** A resource as it is put; its id is known before. */
export interface TemporaryResource {
  readonly id: ArmId
  readonly apiVersion: string
  readonly body: object
}

export interface CopyPlan {
  /** Put group by group, each side by side; deleted in the opposite order. */
  readonly groups: readonly (readonly TemporaryResource[])[]
  readonly vm: ArmId
  readonly osType: OsType
  /** Run one after the other inside the copy; the last one generalizes it. */
  readonly scripts: readonly string[]
  /** The disks of the copy, in the order of the captured ones. */
  readonly disks: readonly ArmId[]
}

export interface CopyQuestion {
  readonly group: ArmId
  /** At most 60 characters; every name of the copy begins with it. */
  readonly name: string
  readonly vm: VirtualMachine
  readonly captured: readonly CapturedDisk[]
  readonly prepareScript?: string
  readonly tags: Tags
}

/** Marks what is only there while a copy is made; the value is the image's name. */
export const TEMPORARY_TAG = 'image-pool-temporary'

const API_VERSIONS = {
  snapshots: '2024-03-02',
  disks: '2024-03-02',
  virtualMachines: '2024-07-01',
  virtualNetworks: '2024-05-01',
  networkInterfaces: '2024-05-01',
} as const
type TemporaryType = keyof typeof API_VERSIONS

/** https://learn.microsoft.com/azure/virtual-machines/generalize */
const GENERALIZE: Readonly<Record<OsType, string>> = {
  Linux: 'waagent -deprovision+user -force',
  Windows: [
    'Remove-Item -Recurse -Force "$env:SystemRoot\\Panther" -ErrorAction SilentlyContinue',
    'Start-Process -Wait -FilePath "$env:SystemRoot\\System32\\Sysprep\\Sysprep.exe" -ArgumentList "/oobe","/generalize","/mode:vm","/quit"',
    "$state = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\State').ImageState",
    'if ($state -ne \'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE\') { throw "sysprep ended in state $state" }',
  ].join('\n'),
}

export function planCopy({ group, name, vm, captured, prepareScript, tags }: CopyQuestion): CopyPlan {
  const { location, osType } = vm
  const idOf = (type: TemporaryType, ending: string) => {
    const provider = type.startsWith('network') || type === 'virtualNetworks' ? 'Microsoft.Network' : 'Microsoft.Compute'
    return childId(group, `providers/${provider}/${type}`, `${name}${ending}`)
  }
  const resource = (type: TemporaryType, id: ArmId, body: object): TemporaryResource => ({
    id,
    apiVersion: API_VERSIONS[type],
    body: { location, tags: { ...tags, [TEMPORARY_TAG]: tags[TAGS.image] ?? '' }, ...body },
  })
  const endings = captured.map(({ disk }) => (disk === 'os' ? '-os' : `-lun${disk}`))
  const snapshots = endings.map((ending) => idOf('snapshots', ending))
  const disks = endings.map((ending) => idOf('disks', ending))
  const network = idOf('virtualNetworks', '-net')
  const nic = idOf('networkInterfaces', '-nic')
  const machine = idOf('virtualMachines', '')
  const attach = captured.map(({ disk, caching }, index) => ({
    ...(disk === 'os' ? { osType } : { lun: disk }),
    createOption: 'Attach',
    deleteOption: 'Delete',
    caching,
    managedDisk: { id: disks[index] },
  }))
  const copyOf = (sourceResourceId: string) => ({ creationData: { createOption: 'Copy', sourceResourceId } })
  return {
    vm: machine,
    osType,
    disks,
    scripts: [...(prepareScript ? [prepareScript] : []), GENERALIZE[osType]],
    groups: [
      [
        ...snapshots.map((id, index) =>
          resource('snapshots', id, { properties: { ...copyOf(captured[index]?.sourceId ?? ''), incremental: true } }),
        ),
        resource('virtualNetworks', network, {
          properties: {
            addressSpace: { addressPrefixes: ['10.255.255.0/28'] },
            // No public address; Run Command answers over the outbound access that Azure gives by default.
            subnets: [{ name: 'default', properties: { addressPrefix: '10.255.255.0/28', defaultOutboundAccess: true } }],
          },
        }),
      ],
      [
        ...disks.map((id, index) => resource('disks', id, { properties: copyOf(snapshots[index] ?? '') })),
        resource('networkInterfaces', nic, {
          properties: {
            ipConfigurations: [
              { name: 'default', properties: { privateIPAllocationMethod: 'Dynamic', subnet: { id: `${network}/subnets/default` } } },
            ],
          },
        }),
      ],
      [
        resource('virtualMachines', machine, {
          ...(vm.plan && { plan: vm.plan }),
          properties: {
            hardwareProfile: { vmSize: vm.vmSize ?? 'Standard_D2s_v5' },
            storageProfile: { osDisk: attach[0], dataDisks: attach.slice(1) },
            networkProfile: { networkInterfaces: [{ id: nic, properties: { primary: true, deleteOption: 'Delete' } }] },
            ...(vm.securityType &&
              vm.securityType !== 'Standard' && {
                securityProfile: { securityType: vm.securityType, ...(vm.uefiSettings && { uefiSettings: vm.uefiSettings }) },
              }),
          },
        }),
      ],
    ],
  }
}

export interface TaggedResource {
  readonly id: string
  readonly type: string
  readonly tags: Tags
  readonly createdTime?: string
}

/** Deleted in this order: what uses another one goes before it. */
const ORDER: readonly TemporaryType[] = ['virtualMachines', 'networkInterfaces', 'disks', 'virtualNetworks', 'snapshots']

/** What copies of dead runs have left: of earlier attempts of this run, and of any other once it cannot live any more. */
export function leftovers(
  found: readonly TaggedResource[],
  image: string,
  runUrl: string,
  now: Date,
): readonly { readonly id: ArmId; readonly apiVersion: string }[] {
  const kindOf = (type: string) => ORDER.find((kind) => type.toLowerCase().endsWith(`/${kind.toLowerCase()}`))
  return found
    .filter(({ tags, createdTime = '' }) => {
      const isOver = now.getTime() - Date.parse(createdTime) > LONGEST_RUN_MS
      return isOwn(tags, image) && tags[TEMPORARY_TAG] !== undefined && (isOfRun(tags, runUrl) || isOver)
    })
    .flatMap(({ id, type }) => {
      const kind = kindOf(type)
      return kind ? [{ id: id as ArmId, apiVersion: API_VERSIONS[kind], rank: ORDER.indexOf(kind) }] : []
    })
    .sort((one, other) => one.rank - other.rank)
    .map(({ id, apiVersion }) => ({ id, apiVersion }))
}

/** The api-version that a temporary resource is deleted with. */
export function temporaryApiVersion(id: string): string | undefined {
  return Object.entries(API_VERSIONS).find(([type]) => id.toLowerCase().includes(`/${type.toLowerCase()}/`))?.[1]
}
