/** `19:03:12` of an ISO 8601 instant in UTC. */
export const timeOf = (at: string): string => at.slice(11, 19)

/** `2026-11-23 19:03` of an ISO 8601 instant in UTC. */
export const minuteOf = (at: string): string => at.slice(0, 16).replace('T', ' ')
