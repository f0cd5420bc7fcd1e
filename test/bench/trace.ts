/** The reference trace: how long Azure takes for each operation, the same for every client. Seconds. */
export const TRACE = { snapshotsS: [7, 9, 11], imageS: 35, versionS: 312, allocationS: 187, nodes: 10 } as const
