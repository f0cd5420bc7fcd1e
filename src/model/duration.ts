import { parse, serialize } from 'tinyduration'

export const MINUTE_MS = 60_000

const SHORT = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/i

/** Milliseconds of `PT30M`, `30m`, `1h`, `1h30m`; `undefined` where the text is none of these. */
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

/** ISO 8601, as Batch wants it: `PT1H30M`. */
export function isoDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  return serialize({ hours: Math.floor(seconds / 3_600), minutes: Math.floor(seconds / 60) % 60, seconds: seconds % 60 })
}

/** For people: `3 min 10 s`, `1 h 5 min`. */
export function showDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const [h, min, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (h > 0) return min > 0 ? `${h} h ${min} min` : `${h} h`
  if (min > 0) return s > 0 ? `${min} min ${s} s` : `${min} min`
  return `${s} s`
}
