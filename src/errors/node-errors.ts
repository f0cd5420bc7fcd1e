/** Pure: what is wrong with a node and what to do about it, by the code of its error first, then by its state. */
import type { NodeError, NodeState } from '../model/batch-service.ts'
import type { Remedy } from './explanation.ts'
import { type Generalization, silentNodesAdvice } from './silent-nodes.ts'

/** A node that does not become healthy. */
export interface SickNode {
  readonly state: NodeState
  /** Its own errors, and the failure of its start task. */
  readonly errors: readonly Pick<NodeError, 'code'>[]
}

/** What is known of its pool. */
export interface NodeSurroundings {
  /** The pool is in a subnet of the user's. */
  readonly hasSubnet: boolean
  /** Who says that the system in the image is generalized. */
  readonly generalization: Generalization
}

const CHECKING = 'https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking'
const CONTAINERS = 'https://learn.microsoft.com/azure/batch/batch-docker-container-workloads'
const PACKAGES = 'https://learn.microsoft.com/azure/batch/batch-application-packages'
const MOUNTS = 'https://learn.microsoft.com/azure/batch/virtual-file-mount'
const STORAGE = 'https://learn.microsoft.com/azure/batch/resource-files'

interface Rule {
  readonly codes: RegExp
  readonly remedy: Remedy
}

/**
 * Looked at in order. https://learn.microsoft.com/azure/batch/batch-pool-node-error-checking and
 * https://learn.microsoft.com/dotnet/api/microsoft.azure.batch.common.taskfailureinformationcodes
 */
const BY_CODE: readonly Rule[] = [
  {
    codes: /^ContainerInvalidRegistry|^ContainerRegistry/i,
    remedy: {
      title: 'Container registry refused the node',
      hint: 'Check the server, user name, password or identity of the registry in `containerConfiguration.containerRegistries`, and that the nodes can reach it.',
      link: CONTAINERS,
    },
  },
  {
    codes: /^ContainerInvalidImage|^ContainerImage/i,
    remedy: {
      title: 'Container image cannot be pulled',
      hint: 'Check the names and tags in `containerConfiguration.containerImageNames`, and that the registry lets the nodes pull them.',
      link: CONTAINERS,
    },
  },
  {
    codes: /^Container/i,
    remedy: {
      title: 'Node cannot run containers',
      hint: 'The image needs a container runtime that Batch supports: install Moby or Docker in the golden VM, or start from an image of Microsoft for container workloads.',
      link: CONTAINERS,
    },
  },
  {
    codes: /^ApplicationPackage|^InvalidApplicationPackage/i,
    remedy: {
      title: 'Application package cannot be installed',
      hint: 'Check that the versions of the application packages named in the pool spec exist and are active, and that the account still reaches its storage account.',
      link: PACKAGES,
    },
  },
  {
    codes: /^DiskFull$/i,
    remedy: {
      title: 'Disk of the node is full',
      hint: 'The disk of the node is full: use a VM size with a larger temporary disk, a larger OS disk, or place less on it (application packages, container images, resource files).',
      link: CHECKING,
    },
  },
  {
    codes: /Mount/i,
    remedy: {
      title: 'File system cannot be mounted',
      hint: 'Check the `mountConfiguration` of the pool: account and share names, a key that was not rotated, the identity, the options, port 445 or 2049 out of the subnet, and that the image has the client for it (cifs-utils, nfs-common, blobfuse2).',
      link: MOUNTS,
    },
  },
  {
    codes: /^Blob|ResourceFile|^ResourceContainer/i,
    remedy: {
      title: 'Resource file of the start task is missing',
      hint: 'Check the resource files of the start task: the address, an expired SAS, the identity, and the firewall of the storage account.',
      link: STORAGE,
    },
  },
  {
    codes: /^(?:CommandLaunchFailed|CommandProgramNotFound)$/i,
    remedy: {
      title: 'Command of the start task is not in the image',
      hint: 'The image has no such program: install it in the golden VM, or correct `startTask.commandLine`; it is not run in a shell, so name one: /bin/sh -c "…" or cmd /c …',
      link: CHECKING,
    },
  },
  {
    codes: /AgentInstall|^BatchAgent|NodeAgent/i,
    remedy: {
      title: 'Batch agent cannot be installed',
      hint: 'Mostly the node agent SKU does not fit the system in the image: check `node-agent-sku-id`. Else the image blocks the installation (a hardened system, a full disk, no way out to the storage of Batch).',
      link: CHECKING,
    },
  },
  {
    codes: /^OSProvisioning|NotGeneralized/i,
    remedy: {
      title: 'Image does not start',
      hint: 'The system in the image did not finish its first start; mostly it was not generalized (Windows: Sysprep; Linux: waagent -deprovision). Use `capture: copy`.',
      link: 'https://learn.microsoft.com/azure/virtual-machines/generalize',
    },
  },
  {
    codes: /^VMExtension|Extension/i,
    remedy: {
      title: 'VM extension failed on the node',
      hint: 'Correct or remove the extension in the pool spec; the error of the node has its own words.',
      link: CHECKING,
    },
  },
]

const START_TASK: Remedy = {
  title: 'Start task failed',
  hint: 'Correct the start task of the pool; the ends of its stdout and stderr are in the summary.',
  link: CHECKING,
}
const OFFLINE: Remedy = {
  title: 'Somebody turned scheduling off',
  hint: 'An offline node works, but somebody disabled task scheduling on it: enable it again (az batch node scheduling enable), or remove the node.',
  link: 'https://learn.microsoft.com/rest/api/batchservice/nodes/disable-node-scheduling',
}
const LATE: Remedy = {
  title: 'Nodes did not start in time',
  hint: 'Raise `node-start-timeout`, or look at the image: what it does at its first start, and its start task.',
  link: CHECKING,
}
const OTHER: Remedy = {
  title: 'Nodes are not healthy',
  hint: 'The errors of the nodes in the summary say why.',
  link: CHECKING,
}

/** The title for the problem of this node, and what to do about it. `undefined`: no node failed, but some are late. */
export function nodeRemedy(node: SickNode | undefined, surroundings: NodeSurroundings): Remedy {
  if (!node) return LATE
  const found = BY_CODE.find(({ codes }) => node.errors.some(({ code }) => codes.test(code)))
  if (found) return found.remedy
  switch (node.state) {
    case 'startTaskFailed':
      return START_TASK
    case 'offline':
      return OFFLINE
    case 'unusable':
    case 'unknown':
      return node.errors.length === 0 ? { title: 'Nodes are unusable and report no error', ...silentNodesAdvice(surroundings) } : OTHER
    case 'creating':
    case 'starting':
    case 'waitingForStartTask':
      return LATE
    default:
      return OTHER
  }
}
