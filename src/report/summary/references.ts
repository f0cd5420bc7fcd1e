/** Azure's resources as a reader knows them: by name, with a link to the portal. */
import { nameOf, parseArmId } from '../../model/arm-id.ts'
import { breakableCode, link, type Markdown } from './markdown.ts'

const PUBLIC_PORTAL = 'https://portal.azure.com'

/** Code that opens the resource in the portal. An image that has no id (Marketplace) is shown as it is. */
export type Reference = (id: string, label?: string) => Markdown

export function referenceIn(portalUrl = PUBLIC_PORTAL): Reference {
  return (id, label = shortName(id)) => link(breakableCode(label), parseArmId(id) && `${portalUrl}/#resource${id}`)
}

/** `gallery/definition/version` of an image version; the name of anything else. */
export function shortName(id: string): string {
  const parts = parseArmId(id)
  if (!parts) return id
  return /\/galleries\//i.test(parts.type) ? parts.names.join('/') : nameOf(id)
}
