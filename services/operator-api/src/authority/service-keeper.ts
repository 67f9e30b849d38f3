import { readFile } from 'node:fs/promises'
import { ServiceKeyFile } from '@zhuzhan/contracts'
import type { CryptoMachine, LoadObjects, OrderBody } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import { askMachine } from '@zhuzhan/dispatch'
import { rateLimited } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type { Office } from './office.js'

export interface ServiceKeeperOptions {
  machine: Pick<CryptoMachine, 'people' | 'policies'>
  office: Office
  /** The service's key; read here are its person and public key, which stand in clear. */
  keyFile: string
  /** Set-points of these objects are what the service may send alone. */
  loadObjects: LoadObjects
  clock: Clock
  log: Logger
}

const RETRY_MS = 2_000
const EVERY_AREA = 'F'.repeat(16)

/** The orders that a laboratory gives so that its service may sign: the person, and the policy entries for set-points. */
export async function serviceOrders({ machine, keyFile, loadObjects }: Pick<ServiceKeeperOptions, 'machine' | 'keyFile' | 'loadObjects'>): Promise<OrderBody[]> {
  const { person, publicKey } = ServiceKeyFile.parse(JSON.parse(await readFile(keyFile, 'utf8')))
  const [{ people }, { policies }] = await Promise.all([askMachine(machine, 'people', {}), askMachine(machine, 'policies', {})])
  const entries = Object.values(loadObjects).map((object) => ({ task: 5, service: 7, target: `${object}7F00`, allows: 'service-alone' }) as const)
  // Whom administrators suspended stays so: a laboratory enters its service once.
  const known = people.some((one) => one.person === person && one.publicKey === publicKey)
  const isThere = (entry: (typeof entries)[number]): boolean => policies.some(({ task, service, target, allows }) => task === entry.task && service === entry.service && target === entry.target && allows === entry.allows)
  return [
    ...(known ? [] : [{ kind: 'person' as const, person, name: 'station service', roles: ['service' as const], publicKey, areas: [EVERY_AREA] }]),
    ...(known ? [] : entries.filter((entry) => !isThere(entry)).map((entry) => ({ kind: 'policy-set' as const, ...entry }))),
  ]
}

/** LABORATORIES: enters the station's service in the crypto machine, once. */
export function serviceKeeper(options: ServiceKeeperOptions): Part {
  const { office, clock, log } = options
  const noisy = rateLimited(log, { perMinute: 2, clock })
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false
  const enter = async (): Promise<void> => {
    try {
      const orders = await serviceOrders(options)
      // The policy first: should this be cut off between the two, the person is missing and both are looked at again.
      for (const body of orders.reverse()) await office.order(body)
      if (orders.length > 0) log.info({ orders: orders.length }, 'the station\'s service is entered in the crypto machine: it may give set-points alone')
    } catch (error) {
      noisy.warn({ err: error }, 'the station\'s service is not entered in the crypto machine yet')
      if (!stopped) timer = setTimeout(begin, RETRY_MS)
    }
  }
  const begin = (): void => { running = enter() }
  return {
    name: 'service-keeper',
    start: async () => begin(),
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
