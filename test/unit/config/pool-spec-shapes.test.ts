import { describe, expect, test } from 'vitest'
import { readSpec } from '../../fixtures/config-inputs.ts'

const ACCOUNT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/farm'
const read = (value: unknown) => readSpec(JSON.stringify(value))
const A = { id: 'a', properties: { vmSize: 's' } }
const OF_FARM = { ...A, accountOfId: ACCOUNT }

describe('taken', () => {
  test.each<[string, unknown, readonly object[]]>([
    [
      'a resource of a template',
      { type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-07-01', name: 'farm/a', properties: { vmSize: 's' } },
      [A],
    ],
    ['a nested resource of a template', { type: 'pools', apiVersion: '2024-07-01', name: 'a', properties: { vmSize: 's' } }, [A]],
    [
      'an answer of ARM',
      { id: `${ACCOUNT}/pools/a`, name: 'a', type: 'Microsoft.Batch/batchAccounts/pools', etag: 'W/"1"', properties: { vmSize: 's' } },
      [OF_FARM],
    ],
    [
      '`az resource show`',
      {
        extendedLocation: null,
        id: `${ACCOUNT}/pools/a`,
        identity: null,
        kind: null,
        location: null,
        managedBy: null,
        name: 'a',
        plan: null,
        properties: { vmSize: 's' },
        resourceGroup: 'g',
        sku: null,
        tags: null,
        type: 'Microsoft.Batch/batchAccounts/pools',
      },
      [OF_FARM],
    ],
    [
      '`Get-AzResource`',
      {
        ResourceId: `${ACCOUNT}/pools/a`,
        Id: `${ACCOUNT}/pools/a`,
        Name: 'a',
        ResourceName: 'a',
        ParentResource: 'batchAccounts/farm',
        ResourceType: 'Microsoft.Batch/batchAccounts/pools',
        ResourceGroupName: 'g',
        SubscriptionId: 's',
        Properties: { VmSize: 's' },
      },
      [OF_FARM],
    ],
    [
      'a list answer of ARM',
      {
        value: [
          { name: 'a', properties: { vmSize: 's' } },
          { name: 'b', properties: { vmSize: 's' } },
        ],
      },
      [A, { ...A, id: 'b' }],
    ],
    ['a list answer with one pool', { value: [{ name: 'a', properties: { vmSize: 's' } }], nextLink: null }, [A]],
    ['a list of lists', [{ value: [{ name: 'a', properties: { vmSize: 's' } }] }, { id: 'b', vmSize: 's' }], [A, { ...A, id: 'b' }]],
    ['the body of a request', { pool: { id: 'a', vmSize: 's' } }, [A]],
    ['the body of a request as documentation wraps it', { name: 'a', parameters: { properties: { vmSize: 's' } } }, [A]],
    [
      'tags and null around the properties',
      { name: 'a', tags: { team: 't', none: null }, identity: null, properties: { vmSize: 's' } },
      [{ ...A, tags: { team: 't' } }],
    ],
  ])('%s', (_, value, expected) => {
    const { specs, problems, notices } = read(value)
    expect(problems).toEqual([])
    expect(notices).toEqual([])
    expect(specs).toEqual(expected)
  })

  test('what changes a deployment is named', () => {
    const { problems, notices } = read({ name: 'a', condition: true, comments: 'x', dependsOn: [], properties: {} })
    expect(problems).toEqual([])
    expect(notices).toEqual([
      'Members of `pool-spec` beside the properties of the pool were ignored: `condition`, `comments`, `dependsOn`.',
    ])
  })
})

const ARM =
  'write the properties of the pool as in ARM or Bicep: https://learn.microsoft.com/azure/templates/microsoft.batch/batchaccounts/pools'

describe('refused', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['Terraform', { resource: { azurerm_batch_pool: { p: { vm_size: 's' } } } }, [`is a Terraform pool (azurerm_batch_pool); ${ARM}`]],
    ['Terraform state', { mode: 'managed', type: 'azurerm_batch_pool', name: 'p' }, [`is a Terraform pool (azurerm_batch_pool); ${ARM}`]],
    ['Terraform by its names', { name: 'p', account_name: 'a', vm_size: 's' }, [`is a Terraform pool (azurerm_batch_pool); ${ARM}`]],
    ['Kubernetes', { apiVersion: 'v1', kind: 'Pool', spec: {} }, [`is a Kubernetes resource; ${ARM}`]],
    ['batch-shipyard', { pool_specification: { id: 'a' } }, [`is a batch-shipyard pool configuration; ${ARM}`]],
    ['Pulumi', { type: 'azure-native:batch:Pool', properties: {} }, [`is a Pulumi resource; ${ARM}`]],
    [
      'a parameter file',
      { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#', parameters: {} },
      [`is the parameter file of a deployment, not a pool; ${ARM}`],
    ],
    [
      'a whole template',
      {
        resources: [
          { type: 'Microsoft.Batch/batchAccounts', resources: [{ type: 'pools' }] },
          { type: 'Microsoft.Batch/batchAccounts/pools' },
        ],
      },
      [
        'is a whole ARM template; give only its pool resource (resources[0].resources[0], resources[1]), with the value of each expression in it',
      ],
    ],
    [
      'a template with symbolic names',
      { languageVersion: '2.0', resources: { pool: { type: 'Microsoft.Batch/batchAccounts/pools' } } },
      ['is a whole ARM template; give only its pool resource (resources.pool), with the value of each expression in it'],
    ],
    [
      'another resource',
      { name: 'a', type: 'Microsoft.Batch/batchAccounts', properties: {} },
      ['type: is "Microsoft.Batch/batchAccounts", not a Batch pool'],
    ],
    [
      'one page of a list',
      { value: [{ name: 'a', properties: {} }], nextLink: 'https://next' },
      ['is one page of a list (`nextLink`); give the whole list, or the one pool that is meant'],
    ],
    ['a list answer without pools', { value: [] }, ['is empty: it names no pool']],
    [
      'a resource that is not deployed',
      { name: 'a', condition: false, properties: {} },
      ['condition: is false: the resource is not to be deployed'],
    ],
    [
      'an identity among the properties',
      { name: 'a', properties: { identity: { type: 'None' } } },
      ['properties.identity: belongs beside `properties`, not in it'],
    ],
    ['a property beside the properties', { name: 'a', vmSize: 's', properties: {} }, ['vmSize: belongs in `properties`, not beside it']],
    [
      'a place',
      { name: 'a', location: 'westeurope', properties: {} },
      ['location: is not a property of a pool: a pool is in the region of its account'],
    ],
    [
      'a name that is an expression',
      { name: "[concat(parameters('account'), '/pool')]", properties: {} },
      ['id: is an expression of an ARM template; write its value instead'],
    ],
    [
      'an expression of GitHub',
      { id: 'a', displayName: ['$', '{{ vars.NAME }}'].join('') },
      ['displayName: is a GitHub expression, which is not evaluated in a file; write its value instead'],
    ],
    ['a number', [1], ['is not a mapping of pool properties']],
    ['a second pool that is none', [{ id: 'a' }, { pool_specification: {} }], [`[1]: is a batch-shipyard pool configuration; ${ARM}`]],
  ])('%s', (_, value, expected) => {
    expect(read(value).problems).toEqual(expected)
  })
})

test('brackets of a program are its own', () => {
  expect(read({ id: 'a', startTask: { commandLine: "[format('x')]" } }).problems).toEqual([])
})
