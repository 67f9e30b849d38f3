import { setTimeout as sleep } from 'node:timers/promises'
import { HesError } from '@zhuzhan/core'
import { createCryptoMachineClient } from './client.js'
import type { CryptoMachineClient, CryptoMachineClientOptions } from './client.js'

const LOOK_MS = 25

/** A client that is connected, for programs that make a few calls and end. @throws HesError UNAVAILABLE after `waitMs` */
export async function connectCryptoMachine(options: CryptoMachineClientOptions, waitMs = 10_000): Promise<CryptoMachineClient> {
  const client = createCryptoMachineClient(options)
  await client.start()
  for (let waited = 0; !client.connected; waited += LOOK_MS) {
    if (waited >= waitMs) {
      await client.stop()
      throw new HesError('UNAVAILABLE', `The crypto machine at ${options.url} does not answer.`)
    }
    await sleep(LOOK_MS)
  }
  return client
}
