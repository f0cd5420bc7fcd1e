/** Names of regions as Azure shows them. */
import { plainRegion } from '../arm/resources.ts'

const DISPLAY_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['West Europe', 'North Europe', 'East US', 'East US 2', 'Central US', 'North Central US', 'South Central US', 'West Central US'],
    ...['West US', 'West US 2', 'West US 3', 'UK South', 'UK West', 'France Central', 'Germany West Central', 'Switzerland North'],
    ...['Sweden Central', 'Norway East', 'Italy North', 'Poland Central', 'Spain Central', 'Canada Central', 'Canada East', 'Brazil South'],
    ...['Japan East', 'Japan West', 'Korea Central', 'Southeast Asia', 'East Asia', 'Central India', 'South India', 'Australia East'],
    ...['Australia Southeast', 'South Africa North', 'UAE North', 'Qatar Central', 'Israel Central', 'Mexico Central'],
  ].map((name) => [plainRegion(name), name]),
)

/** Azure shows regions by their names in the portal. */
export function displayName(region: string): string {
  return DISPLAY_NAMES[plainRegion(region)] ?? region
}
