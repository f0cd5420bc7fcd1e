/** Marketplace images as Microsoft.Compute lists them. Property names are Azure's own. */

/** A version of a Marketplace image. https://learn.microsoft.com/rest/api/compute/virtual-machine-images/list */
export interface MarketplaceVersion {
  /** E.g. `24.04.202611120`. */
  readonly name: string
  readonly properties?: { readonly imageDeprecationStatus?: ImageDeprecationStatus }
}

/** What the publisher announces about the end of a version. */
export interface ImageDeprecationStatus {
  readonly imageState?: 'Active' | 'ScheduledForDeprecation' | 'Deprecated'
  /** ISO 8601. */
  readonly scheduledDeprecationTime?: string
  readonly alternativeOption?: { readonly type?: 'None' | 'Offer' | 'Plan'; readonly value?: string }
}
