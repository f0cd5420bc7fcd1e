/** Microsoft.Network, as far as a throw-away VM needs it and a pool refers to it: virtual networks, subnets, network interfaces, public IP addresses. */
import { Refusal, type Route } from '../route.ts'
import type { Resource } from '../world.ts'
import { type Arm, create, found, remove, required, routesOf, show } from './resources.ts'

const NETWORK = ['2024-05-01']
const NETWORKS = { type: 'Microsoft.Network/virtualNetworks', path: 'operations', provider: 'Microsoft.Network' } as const
const INTERFACES = { type: 'Microsoft.Network/networkInterfaces', path: 'operations', provider: 'Microsoft.Network' } as const
const DURATION_MS = { create: 4_000, delete: 10_000 }

const attached = ({ id, properties }: Resource): void => {
  if (properties.virtualMachine) {
    throw new Refusal(400, 'NicInUse', `Network Interface ${id} is used by existing resource ${properties.virtualMachine.id}.`)
  }
}

export function networkRoutes(arm: Arm): readonly Route[] {
  const route = routesOf('Microsoft.Network', NETWORK)
  const inUse = ({ id }: Resource): void => {
    const user = arm.world
      .all()
      .find(({ type, properties }) => type === INTERFACES.type && JSON.stringify(properties).includes(`${id}/subnets/`))
    if (user) {
      // https://github.com/hashicorp/terraform-provider-azurerm/issues/4784, https://github.com/Azure/bicep/issues/13267
      throw new Refusal(
        400,
        'InUseSubnetCannotBeDeleted',
        `Subnet default is in use by ${user.id}/ipConfigurations/default and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
      )
    }
  }
  return [
    route('GET', '/virtualNetworks/:name', 'virtualNetworks/read', show(arm)),
    route('GET', '/virtualNetworks/:network/subnets/:name', 'virtualNetworks/subnets/read', (call) => ({
      status: 200,
      body: found(arm, call),
    })),
    route('PUT', '/virtualNetworks/:name', 'virtualNetworks/write', (call) => {
      for (const subnet of call.body?.properties?.subnets ?? []) {
        const id = `${call.path}/subnets/${subnet.name}`
        arm.world.put({ ...subnet, id, type: 'Microsoft.Network/virtualNetworks/subnets', location: '' })
      }
      return create(arm, call, NETWORKS, {
        afterMs: DURATION_MS.create,
        properties: { ...call.body.properties, addressSpace: required(call.body.properties, 'addressSpace') },
      })
    }),
    route('DELETE', '/virtualNetworks/:name', 'virtualNetworks/delete', (call) => {
      const network = arm.world.get(call.path)
      if (network) inUse(network)
      for (const { id } of arm.world.list(`${call.path}/subnets`)) arm.world.delete(id)
      return remove(arm, NETWORKS, DURATION_MS.delete)(call)
    }),
    route('GET', '/networkInterfaces/:name', 'networkInterfaces/read', show(arm)),
    route('PUT', '/networkInterfaces/:name', 'networkInterfaces/write', (call) => {
      for (const { properties } of call.body?.properties?.ipConfigurations ?? []) {
        if (arm.world.get(properties?.subnet?.id ?? '')) continue
        // https://github.com/MicrosoftDocs/azure-docs/issues/81734
        throw new Refusal(
          400,
          'InvalidResourceReference',
          `Resource ${properties?.subnet?.id} referenced by resource ${call.path} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
        )
      }
      return create(arm, call, INTERFACES, { afterMs: DURATION_MS.create, properties: call.body.properties })
    }),
    route('DELETE', '/networkInterfaces/:name', 'networkInterfaces/delete', remove(arm, INTERFACES, DURATION_MS.delete, attached)),
    route('GET', '/publicIPAddresses/:name', 'publicIPAddresses/read', show(arm)),
    ...arm.operations.routes(NETWORK, 'Microsoft.Network'),
  ]
}
