import type { CryptoMachine } from '@zhuzhan/contracts'
import { rateLimited } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type { Clock } from '@zhuzhan/core'
import type pg from 'pg'
import type { Office } from './office.js'
import { machinePlaces, placeDifferences, registeredPlaces } from './place-differences.js'

export interface PlaceKeeperOptions {
  pool: pg.Pool
  machine: Pick<CryptoMachine, 'places'>
  office: Office
  clock: Clock
  log: Logger
  /** Calls back at every change of the registry. */
  listen(wake: () => void): { close(): Promise<void> }
}

/** Several changes at once make one look. */
const SETTLE_MS = 500
const RETRY_MS = 5_000

/** LABORATORIES: whatever is registered is placed in the crypto machine by itself, so that its tickets can be judged. */
export function placeKeeper({ pool, machine, office, clock, log, listen }: PlaceKeeperOptions): Part {
  const noisy = rateLimited(log, { perMinute: 2, clock })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let listener: { close(): Promise<void> } | undefined

  const look = async (): Promise<void> => {
    const orders = placeDifferences(await registeredPlaces(pool), await machinePlaces(machine))
    let refused = 0
    for (const body of orders) {
      if (stopped) return
      // One that does not fit (a device with keys registered as plain) must not hold up the others.
      await office.order(body).catch((error: Error) => {
        refused += 1
        noisy.warn({ err: error, devices: body.addresses.length, first: body.addresses[0] }, 'devices not placed in the crypto machine: no ticket works for them')
      })
    }
    if (orders.length > 0) log.info({ orders: orders.length, refused }, 'places of devices entered in the crypto machine')
    if (refused > 0 && refused === orders.length) throw new Error('no device could be placed')
  }
  const soon = (ms: number): void => {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(run, ms)
  }
  const run = (): void => {
    if (running) {
      again = true
      return
    }
    again = false
    running = look().then(() => (again ? soon(SETTLE_MS) : undefined), (error: unknown) => {
      noisy.warn({ err: error }, 'places of devices could not be compared with the crypto machine')
      soon(RETRY_MS)
    }).finally(() => { running = undefined })
  }

  return {
    name: 'place-keeper',
    start: async () => {
      listener = listen(() => soon(SETTLE_MS))
      soon(0)
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await listener?.close()
      await running
    },
  }
}
