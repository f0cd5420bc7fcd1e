/**
 * One checker for all test files: to load Microsoft's documents takes longer than to hold a run against them. The first file that asks
 * starts it. Vitest calls this before all tests.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import path from 'node:path'
import type { TestProject } from 'vitest/node'

const CHECKER = path.join(import.meta.dirname, 'openapi-checker.ts')

declare module 'vitest' {
  interface ProvidedContext {
    /** Port on which a connection gets the checker. */
    openApiChecker: number
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  let checker: ChildProcess | undefined
  let ready: Promise<unknown> | undefined
  const service = createServer({ pauseOnConnect: true }, async (socket: Socket) => {
    checker ??= fork(CHECKER)
    const child = checker
    ready ??= Promise.race([once(child, 'message'), once(child, 'exit')])
    await ready
    if (child.connected) child.send('question', socket)
    else socket.destroy()
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  project.provide('openApiChecker', (service.address() as AddressInfo).port)
  return () => {
    checker?.kill()
    service.close()
  }
}
