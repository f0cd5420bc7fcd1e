/**
 * Rules of the reference that hold between properties of one pool; each is in the text of the OpenAPI document.
 * https://learn.microsoft.com/rest/api/batchmanagement/pool/create
 */
import { parseDurationMs, showDuration } from '../model/duration.ts'
import type { SpecProblem } from './pool-spec-schema.ts'

/** A pool whose objects and lists are where the schema has them; single values may still be of a wrong type. */
export interface ShapedPool {
  readonly identity?: { readonly type?: string; readonly userAssignedIdentities?: Readonly<Record<string, unknown>> }
  readonly deploymentConfiguration?: { readonly virtualMachineConfiguration?: ShapedMachine }
  readonly scaleSettings?: {
    readonly fixedScale?: { readonly resizeTimeout?: string }
    readonly autoScale?: { readonly formula?: string; readonly evaluationInterval?: string }
  }
  readonly networkConfiguration?: {
    readonly subnetId?: string
    readonly endpointConfiguration?: { readonly inboundNatPools?: readonly unknown[] }
    readonly publicIPAddressConfiguration?: { readonly provision?: string; readonly ipAddressIds?: readonly string[] }
  }
  readonly startTask?: {
    readonly commandLine?: string
    readonly resourceFiles?: readonly ResourceFile[]
    readonly userIdentity?: { readonly userName?: string; readonly autoUser?: object }
    readonly containerSettings?: { readonly registry?: Credentials }
  }
  readonly userAccounts?: readonly {
    readonly name?: string
    readonly linuxUserConfiguration?: { readonly uid?: number; readonly gid?: number }
  }[]
  readonly mountConfiguration?: readonly Mount[]
}

interface ShapedMachine {
  readonly imageReference?: { readonly id?: string; readonly version?: string }
  readonly dataDisks?: readonly { readonly lun?: number }[]
  readonly extensions?: readonly { readonly name?: string }[]
  readonly containerConfiguration?: { readonly containerRegistries?: readonly Credentials[] }
  readonly diskEncryptionConfiguration?: { readonly customerManagedKey?: Credentials }
}

interface Credentials {
  readonly username?: string
  readonly password?: string
  readonly identityReference?: { readonly resourceId?: string }
}

interface ResourceFile extends Credentials {
  readonly autoStorageContainerName?: string
  readonly storageContainerUrl?: string
  readonly httpUrl?: string
  readonly filePath?: string
  readonly blobPrefix?: string
}

interface Mount {
  readonly azureBlobFileSystemConfiguration?: Credentials & {
    readonly accountKey?: string
    readonly sasKey?: string
    readonly relativeMountPath?: string
  }
  readonly [kind: string]: ({ readonly relativeMountPath?: string } & object) | undefined
}

type Problems = readonly SpecProblem[]

const when = (isWrong: boolean, path: string, problem: string, allowed?: string): Problems =>
  isWrong ? [{ path, problem, ...(allowed && { allowed }) }] : []

/** A problem for each item whose key is that of an earlier item. */
function twins<T>(items: readonly T[] = [], keyOf: (item: T) => unknown, say: (index: number) => SpecProblem): Problems {
  const keys = items.map(keyOf)
  return keys.flatMap((key, index) => (key !== undefined && keys.indexOf(key) !== index ? [say(index)] : []))
}

/** The violations of all these rules in one pool. */
export function relationProblems(pool: ShapedPool): Problems {
  return [
    ...scaleProblems(pool),
    ...machineProblems(pool),
    ...startTaskProblems(pool),
    ...userProblems(pool),
    ...networkProblems(pool),
    ...mountProblems(pool),
    ...identityProblems(pool),
  ]
}

const SHORTEST_MS = 300_000
const LONGEST_INTERVAL_MS = 168 * 3_600_000

function scaleProblems({ scaleSettings: { fixedScale, autoScale } = {} }: ShapedPool): Problems {
  const { formula } = autoScale ?? {}
  return [
    ...when(Boolean(autoScale && fixedScale), 'scaleSettings', 'has both fixedScale and autoScale', 'one of them'),
    ...duration('scaleSettings.fixedScale.resizeTimeout', fixedScale?.resizeTimeout),
    ...duration('scaleSettings.autoScale.evaluationInterval', autoScale?.evaluationInterval, LONGEST_INTERVAL_MS),
    ...when(typeof formula === 'string' && formula.trim() === '', 'scaleSettings.autoScale.formula', 'is empty'),
  ]
}

/** Batch answers 400 outside these limits. */
function duration(path: string, text: string | undefined, longestMs = Number.POSITIVE_INFINITY): Problems {
  const ms = parseDurationMs(String(text ?? '')) ?? 0
  const allowed = `at least ${showDuration(SHORTEST_MS)}${Number.isFinite(longestMs) ? `, at most ${showDuration(longestMs)}` : ''}`
  return when(text !== undefined && (ms < SHORTEST_MS || ms > longestMs), path, `is ${text}`, allowed)
}

const MACHINE = 'deploymentConfiguration.virtualMachineConfiguration'

function machineProblems({ deploymentConfiguration }: ShapedPool): Problems {
  const { imageReference, dataDisks, extensions } = deploymentConfiguration?.virtualMachineConfiguration ?? {}
  return [
    ...when(
      imageReference?.id !== undefined && imageReference.version !== undefined,
      `${MACHINE}.imageReference.version`,
      'cannot be used together with `id`; leave it out',
    ),
    ...twins(
      dataDisks,
      ({ lun }) => lun,
      (index) => ({
        path: `${MACHINE}.dataDisks[${index}].lun`,
        problem: 'is the LUN of another disk',
        allowed: 'a LUN of its own for each disk',
      }),
    ),
    ...twins(
      extensions,
      ({ name }) => name,
      (index) => ({
        path: `${MACHINE}.extensions[${index}].name`,
        problem: 'is the name of another extension',
      }),
    ),
  ]
}

function startTaskProblems({ startTask = {}, userAccounts = [] }: ShapedPool): Problems {
  const { commandLine, resourceFiles = [], userIdentity: { userName, autoUser } = {} } = startTask
  const isUnknown = typeof userName === 'string' && !userAccounts.some(({ name }) => name?.toLowerCase() === userName.toLowerCase())
  return [
    ...when(Object.keys(startTask).length > 0 && commandLine === undefined, 'startTask.commandLine', 'is missing'),
    ...when(userName !== undefined && autoUser !== undefined, 'startTask.userIdentity', 'has both userName and autoUser', 'one of them'),
    ...when(isUnknown, 'startTask.userIdentity.userName', 'is not in `userAccounts` of the pool'),
    ...resourceFiles.flatMap((file, index) => fileProblems(file, `startTask.resourceFiles[${index}]`)),
  ]
}

function fileProblems(file: ResourceFile, path: string): Problems {
  const sources = [file.autoStorageContainerName, file.storageContainerUrl, file.httpUrl].filter((source) => source !== undefined)
  return [
    ...when(sources.length !== 1, path, 'needs exactly one source', 'autoStorageContainerName, storageContainerUrl, httpUrl'),
    ...when(file.httpUrl !== undefined && file.filePath === undefined, `${path}.filePath`, 'is missing: `httpUrl` needs it'),
    ...when(
      file.httpUrl !== undefined && file.blobPrefix !== undefined,
      `${path}.blobPrefix`,
      'cannot be used together with `httpUrl`; leave it out',
    ),
  ]
}

/** Account names that differ in letter case alone are different accounts on Linux. */
function userProblems({ userAccounts = [] }: ShapedPool): Problems {
  return [
    ...twins(
      userAccounts,
      ({ name }) => name,
      (index) => ({ path: `userAccounts[${index}].name`, problem: 'is the name of another account' }),
    ),
    ...userAccounts.flatMap(({ linuxUserConfiguration: { uid, gid } = {} }, index) =>
      when(
        (uid === undefined) !== (gid === undefined),
        `userAccounts[${index}].linuxUserConfiguration`,
        'has only one of uid and gid',
        'both, or none',
      ),
    ),
  ]
}

const ADDRESSES = 'networkConfiguration.publicIPAddressConfiguration'
const NAT_POOLS = 'networkConfiguration.endpointConfiguration.inboundNatPools'

function networkProblems({
  networkConfiguration: { subnetId, endpointConfiguration, publicIPAddressConfiguration = {} } = {},
}: ShapedPool): Problems {
  const { provision, ipAddressIds } = publicIPAddressConfiguration
  const natPools = endpointConfiguration?.inboundNatPools ?? []
  const isPrivate = provision === 'NoPublicIPAddresses'
  return [
    ...when((ipAddressIds?.length ?? 0) > 0 && provision !== 'UserManaged', `${ADDRESSES}.ipAddressIds`, 'needs `provision: UserManaged`'),
    ...when(
      provision === 'UserManaged' && (ipAddressIds?.length ?? 0) === 0,
      `${ADDRESSES}.ipAddressIds`,
      'is missing: `provision: UserManaged` needs the ids of the public addresses',
    ),
    ...when(
      isPrivate && subnetId === undefined,
      'networkConfiguration.subnetId',
      'is missing: nodes without public addresses need a subnet',
    ),
    ...when(isPrivate && natPools.length > 0, NAT_POOLS, 'cannot be used with `provision: NoPublicIPAddresses`'),
  ]
}

function mountProblems({ mountConfiguration = [] }: ShapedPool): Problems {
  return mountConfiguration.flatMap(({ azureBlobFileSystemConfiguration: blob }, index) => {
    const given = blob && [blob.accountKey, blob.sasKey, blob.identityReference].filter((one) => one !== undefined)
    const path = `mountConfiguration[${index}].azureBlobFileSystemConfiguration`
    return when(given !== undefined && given.length !== 1, path, 'needs exactly one credential', 'accountKey, sasKey, identityReference')
  })
}

/** An identity that a pool signs in with must be assigned to the pool. Ids are compared without regard to case. */
function identityProblems(pool: ShapedPool): Problems {
  const { type, userAssignedIdentities = {} } = pool.identity ?? {}
  const assigned = new Set(Object.keys(userAssignedIdentities).map((id) => id.toLowerCase()))
  const { containerConfiguration, diskEncryptionConfiguration } = pool.deploymentConfiguration?.virtualMachineConfiguration ?? {}
  const { resourceFiles = [], containerSettings } = pool.startTask ?? {}
  const users: readonly (readonly [string, Credentials | undefined])[] = [
    ...(containerConfiguration?.containerRegistries ?? []).map(
      (registry, index) => [`${MACHINE}.containerConfiguration.containerRegistries[${index}]`, registry] as const,
    ),
    [`${MACHINE}.diskEncryptionConfiguration.customerManagedKey`, diskEncryptionConfiguration?.customerManagedKey],
    ...resourceFiles.map((file, index) => [`startTask.resourceFiles[${index}]`, file] as const),
    ['startTask.containerSettings.registry', containerSettings?.registry],
    ...(pool.mountConfiguration ?? []).map(
      (mount, index) => [`mountConfiguration[${index}].azureBlobFileSystemConfiguration`, mount.azureBlobFileSystemConfiguration] as const,
    ),
  ]
  return [
    ...when(type === 'UserAssigned' && assigned.size === 0, 'identity.userAssignedIdentities', 'names no identity'),
    ...users.flatMap(([path, user]) => {
      const id = user?.identityReference?.resourceId
      const isMissing = id !== undefined && !assigned.has(String(id).toLowerCase())
      return [
        ...when(
          isMissing,
          `${path}.identityReference.resourceId`,
          'is not an identity of the pool; name it in `identity.userAssignedIdentities` too',
        ),
        ...when(
          id !== undefined && user?.password !== undefined,
          path,
          'has both a password and an identity',
          'username and password, or identityReference',
        ),
      ]
    }),
  ]
}
