import { parse, serialize } from 'tinyduration'

export const MINUTE_MS = 60_000

const SHORT = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/i

/** Milliseconds of `PT30M`, `30m`, `1h`, `1h30m`; `undefined` for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const short = SHORT.exec(text)
  if (text !== '' && short) {
    const [, hours = 0, minutes = 0, seconds = 0] = short
    return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
  }
  try {
    const { years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0, negative } = parse(text)
    if (years || months || negative) return undefined
    return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000
  } catch {
    return undefined
  }
}

/** ISO 8601, as Batch expects it: `PT1H30M`. */
export function isoDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  return serialize({ hours: Math.floor(seconds / 3_600), minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60 })
}

/** For people: `45 s`, `3 min 10 s`, `1 h 5 min`, `2 d 3 h`: two units at most. A negative time is shown as `0 s`. */
export function showDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (minutes === 0) return `${seconds} s`
  if (hours === 0) return withRest(`${minutes} min`, seconds % 60, 's')
  if (days === 0) return withRest(`${hours} h`, minutes % 60, 'min')
  return withRest(`${days} d`, hours % 24, 'h')
}

const withRest = (large: string, small: number, unit: string): string => (small === 0 ? large : `${large} ${small} ${unit}`)

/** The time from one ISO 8601 instant to another, for people. */
export function showTimeBetween(from: string, to: string): string {
  return showDuration(Date.parse(to) - Date.parse(from))
}
