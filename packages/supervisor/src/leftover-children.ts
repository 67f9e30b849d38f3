import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** Services of a supervisor that was killed end by themselves within their own hard limit; then we help. */
const PATIENCE_MS = 20_000

const Left = z.object({ identities: z.array(z.string()) })

/**
 * Waits until the children named in a dead supervisor's file are gone, because they hold our ports.
 * @param identity `pid startTime` of a living process, so that a pid's new owner is left alone
 */
export async function awaitLeftovers(supervisorFile: string, identity: (pid: number) => string | undefined, say: (text: string) => void): Promise<void> {
  const alive = identitiesIn(supervisorFile).filter((one) => identity(Number.parseInt(one, 10)) === one)
  const still = (): string[] => alive.filter((one) => identity(Number.parseInt(one, 10)) === one)
  if (still().length > 0) say(`waiting for ${still().length} processes of an earlier run to end`)
  const deadline = Date.now() + PATIENCE_MS
  while (still().length > 0) {
    if (Date.now() > deadline) for (const one of still()) process.kill(Number.parseInt(one, 10), 'SIGKILL')
    await sleep(100)
  }
}

function identitiesIn(file: string): string[] {
  try {
    return Left.parse(JSON.parse(readFileSync(file, 'utf8'))).identities
  } catch {
    return []
  }
}
