/** The resources of the embedded Azure, by lower-case ARM id. */
export interface Resource {
  id: string
  name: string
  type: string
  location: string
  tags?: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: a resource's properties are whatever its type has
  properties: any
  [member: string]: unknown
}

/** How replication to a region goes, where it is not as everywhere. */
export interface RegionBehaviour {
  readonly fails?: boolean
  /** Default: as long as the version takes. */
  readonly lastsMs?: number
}

export class World {
  /** By region as in ids, e.g. `northeurope`. */
  readonly replication = new Map<string, RegionBehaviour>()
  readonly #resources = new Map<string, Resource>()

  get(id: string): Resource | undefined {
    return this.#resources.get(id.toLowerCase())
  }

  put(resource: Resource): Resource {
    this.#resources.set(resource.id.toLowerCase(), resource)
    return resource
  }

  delete(id: string): void {
    this.#resources.delete(id.toLowerCase())
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()]
  }

  /** Direct children of a collection, e.g. `…/providers/Microsoft.Compute/snapshots`, by name. */
  list(collection: string): readonly Resource[] {
    const prefix = `${collection.toLowerCase()}/`
    return [...this.#resources.entries()]
      .filter(([id]) => id.startsWith(prefix) && !id.slice(prefix.length).includes('/'))
      .map(([, resource]) => resource)
      .sort((one, other) => one.name.localeCompare(other.name))
  }
}
