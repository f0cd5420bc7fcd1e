/** Pure: whether a pool is behind the newest image of its line. */

interface Line {
  /** Everything before the version: a gallery definition, or the base name of managed images. */
  readonly base: string
  readonly version: readonly number[]
}

/** Image versions end in `…/versions/1.2.3`, managed images of this action in `…-1.2.3`. */
function lineOf(image: string): Line | undefined {
  const match = /^(.+(?:\/versions\/|-))(\d+)\.(\d+)\.(\d+)$/.exec(image.toLowerCase())
  return match?.[1] === undefined ? undefined : { base: match[1], version: match.slice(2).map(Number) }
}

/** `images` are ids, or Marketplace images; those of another line, and definitions without a version, are never behind. */
export function isBehind(image: string, images: readonly string[]): boolean {
  const own = lineOf(image)
  return (
    own !== undefined &&
    images.some((other) => {
      const line = lineOf(other)
      return line?.base === own.base && isNewer(line.version, own.version)
    })
  )
}

function isNewer(one: readonly number[], other: readonly number[]): boolean {
  const differs = one.findIndex((part, index) => part !== other[index])
  return differs >= 0 && (one[differs] ?? 0) > (other[differs] ?? 0)
}
