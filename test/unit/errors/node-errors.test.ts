/** What is wrong with a node, by the code of its error and by its state. */
import { expect, test } from 'vitest'
import { type NodeSurroundings, nodeRemedy } from '../../../src/errors/node-errors.ts'
import type { NodeState } from '../../../src/model/batch-service.ts'

const OWN_NETWORK: NodeSurroundings = { hasSubnet: true, generalization: 'by-this-run' }
const NO_NETWORK: NodeSurroundings = { hasSubnet: false, generalization: 'by-this-run' }

test.each<[string, NodeState, string[], NodeSurroundings, RegExp, RegExp]>([
  ['a container image', 'unusable', ['ContainerInvalidImage'], OWN_NETWORK, /^Container image cannot be pulled/, /containerImageNames/],
  ['a download of one', 'unusable', ['ContainerImageDownloadError'], OWN_NETWORK, /^Container image/, /containerImageNames/],
  ['a container registry', 'unusable', ['ContainerInvalidRegistry'], OWN_NETWORK, /^Container registry/, /containerRegistries/],
  ['a container runtime', 'unusable', ['ContainerPoolNotSupported'], OWN_NETWORK, /^Node cannot run containers/, /Moby|Docker/],
  ['an application package', 'unusable', ['ApplicationPackageError'], OWN_NETWORK, /^Application package/, /versions/],
  ['a full disk', 'unusable', ['DiskFull'], OWN_NETWORK, /^Disk of the node is full/, /larger/],
  ['a mount', 'unusable', ['MountConfigurationException'], OWN_NETWORK, /^File system/, /mountConfiguration/],
  ['the agent', 'unusable', ['BatchAgentInstallationFailure'], OWN_NETWORK, /^Batch agent/, /node-agent-sku-id/],
  ['a system that does not start', 'unusable', ['OSProvisioningTimedOut'], OWN_NETWORK, /^Image does not start/, /generalized/],
  ['an extension', 'unusable', ['VMExtensionProvisioningError'], OWN_NETWORK, /^VM extension/, /pool spec/],
  ['a start task', 'startTaskFailed', [], OWN_NETWORK, /^Start task failed/, /stderr/],
  ['a start task whose failure has a code', 'startTaskFailed', ['FailureExitCode'], OWN_NETWORK, /^Start task failed/, /stderr/],
  ['a missing program', 'startTaskFailed', ['CommandProgramNotFound'], OWN_NETWORK, /not in the image/, /golden VM/],
  ['a resource file', 'startTaskFailed', ['BlobAccessDenied'], OWN_NETWORK, /^Resource file/, /SAS/],
  ['a node that somebody took out', 'offline', [], OWN_NETWORK, /turned scheduling off/, /enable it again/],
  ['silence in a subnet', 'unusable', [], OWN_NETWORK, /report no error/, /BatchNodeManagement/],
  ['silence without a subnet', 'unusable', [], NO_NETWORK, /report no error/, /inside the image/],
  [
    'silence where nobody vouched',
    'unusable',
    [],
    { hasSubnet: true, generalization: 'unknown' },
    /report no error/,
    /not generalized.*BatchNodeManagement/s,
  ],
  [
    'silence where nobody vouched, without a subnet',
    'unusable',
    [],
    { hasSubnet: false, generalization: 'unknown' },
    /report no error/,
    /not generalized/,
  ],
  ['a code not known', 'unusable', ['BrandNew'], OWN_NETWORK, /not healthy/, /errors of the nodes/],
  ['one that is still starting', 'starting', [], OWN_NETWORK, /in time/, /node-start-timeout/],
])('%s', (_, state, codes, surroundings, title, hint) => {
  const remedy = nodeRemedy({ state, errors: codes.map((code) => ({ code })) }, surroundings)
  expect(remedy.title).toMatch(title)
  expect(remedy.hint).toMatch(hint)
})

test('without any node, time was too short', () => {
  expect(nodeRemedy(undefined, OWN_NETWORK).title).toBe('Nodes did not start in time')
})
