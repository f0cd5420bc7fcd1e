/** `npm run azure`: the embedded Azure alone, for other people's clients, until Ctrl-C. */
import { parseArgs } from 'node:util'
import { CLIENT, CLIENT_SECRET, GROUP, loadScenario, SUBSCRIPTION, scenarioNames, TENANT } from '../embedded-azure/scenarios/scenario.ts'
import { startAzure } from '../embedded-azure/server.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'happy' },
    speed: { type: 'string', default: '100' },
    port: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false, short: 'h' },
  },
})
if (values.help) {
  console.log(`Starts the embedded Azure alone, for other clients: Entra ID, Resource Manager, the Batch data plane and GitHub, over TLS on loopback.

  npm run azure -- [--scenario NAME] [--speed N] [--port N]

  --scenario   what exists and how it behaves: ${scenarioNames().join(', ')} (default: happy)
  --speed      how many times as fast as yours its clock runs (default: 100)
  --port       of Resource Manager and Entra ID; 0 is any free one (default: 0). The Azure CLI takes 443 only.

It prints its endpoints, certificate and credentials, and how the Azure CLI signs in. Ctrl-C stops it.`)
  process.exit()
}
if (!scenarioNames().includes(values.scenario)) {
  console.error(`There is no scenario ${values.scenario}. Ready ones: ${scenarioNames().join(', ')}`)
  process.exit(2)
}
const scenario = loadScenario(values.scenario)
const azure = await startAzure(scenario, Number(values.speed), Number(values.port))
azure.entra.tokenLifetimeS *= azure.clock.speed
const url = azure.url.replace('127.0.0.1', 'localhost')
const facts = {
  'resource manager': url,
  'authority (Entra ID)': `${url}/${TENANT}`,
  'authority (AD FS)': `${url}/adfs`,
  'GitHub OIDC': azure.oidcUrl,
  'CA certificate': azure.caPath,
  tenant: TENANT,
  'client id': CLIENT,
  'client secret': CLIENT_SECRET,
  subscription: SUBSCRIPTION,
  'resource group': GROUP,
  'virtual machine': scenario.vm.name,
  'Batch account': scenario.account.name,
}
for (const [name, value] of Object.entries(facts)) console.log(`${`${name}:`.padEnd(22)}${value}`)
console.log(`
Azure CLI (needs --port 443; it knows no other):
  export REQUESTS_CA_BUNDLE=${azure.caPath} AZURE_CONFIG_DIR=$(mktemp -d) AZURE_CORE_COLLECT_TELEMETRY=false
  az cloud register -n embedded --endpoint-resource-manager ${url} --endpoint-management ${url} --endpoint-active-directory ${url}/adfs \\
    --endpoint-active-directory-resource-id ${url} --endpoint-active-directory-graph-resource-id ${url}
  az cloud set -n embedded && az login --service-principal -u ${CLIENT} -p ${CLIENT_SECRET} --tenant ${TENANT}

Ctrl-C ends it.`)
process.once('SIGINT', () => azure.close())
process.once('SIGTERM', () => azure.close())
