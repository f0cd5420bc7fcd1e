/** Times as people read them: `45 s`, `3 min 10 s`, `1 h 5 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (minutes === 0) return `${seconds} s`
  if (hours === 0) return both(minutes, 'min', seconds % 60, 's')
  if (days === 0) return both(hours, 'h', minutes % 60, 'min')
  return both(days, 'd', hours % 24, 'h')
}

/** The time from one ISO 8601 instant to another. */
export function between(from: string, to: string): string {
  return duration(Date.parse(to) - Date.parse(from))
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}
