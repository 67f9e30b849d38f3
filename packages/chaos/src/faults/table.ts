import { setTimeout as sleep } from 'node:timers/promises'
import { HesError } from '@zhuzhan/core'
import type { LineState, Proxy } from '../proxy/proxy.js'
import type { Random } from '../random.js'
import { processTree, signalAll } from '../rig/process-tree.js'
import { SERVICES } from '../rig/rig.js'
import type { Rig, ServiceName } from '../rig/rig.js'
import type { Server } from '../rig/servers.js'

/** What a fault may use, and the signal that ends it early. */
export interface FaultContext {
  rig: Rig
  random: Random
  signal: AbortSignal
}

export interface FaultKind {
  /** For people: what happens, to whom, for how long. */
  what: string
  /** Only where there is one. */
  needs?: 'redis' | 'disk'
  /** Resolves when the fault is over and healed, with what it hit. */
  strike(context: FaultContext): Promise<string>
}

const kill = (service: ServiceName): FaultKind => ({
  what: `SIGKILL of ${service}; the supervisor starts it again`,
  strike: async ({ rig }) => {
    signalAll([await rig.servicePid(service)], 'SIGKILL')
    return service
  },
})

const SERVICE_STOP_SECONDS = [3, 8] as const
const LINE_SECONDS = [2, 5] as const
const DISK_SECONDS = [3, 5] as const
const CLOCK_SECONDS = [4, 8] as const
/** Between a leap second's cure and a wrong time zone. */
const CLOCK_STEPS_MS = [2_000, 30_000, 300_000, 3_600_000] as const
const DELAY_MS = 200

/** Every kind of fault by name. docs/chaos.md has this table. */
export const FAULTS = {
  'kill-gateway': kill('gateway-type1'),
  'kill-front-end': kill('front-end-processor'),
  'kill-crypto-machine': kill('crypto-machine'),
  'kill-analytics': kill('analytics'),
  'kill-operator-api': kill('operator-api'),
  'kill-postgres': {
    what: 'SIGKILL of PostgreSQL: the postmaster alone or all its processes; started again with back-off',
    strike: async ({ rig, random }) => killServer(rig.database, random),
  },
  'kill-redis': {
    what: 'SIGKILL of Redis; started again with back-off', needs: 'redis',
    strike: async ({ rig, random }) => killServer(queueServer(rig), random),
  },
  'kill-both-databases': {
    what: 'SIGKILL of PostgreSQL and Redis in the same moment', needs: 'redis',
    strike: async ({ rig }) => {
      signalAll([rig.database, queueServer(rig)].flatMap((server) => treeOf(server)), 'SIGKILL')
      return 'postgres, redis'
    },
  },
  'restart-service': {
    what: 'SIGTERM of a service, the next one each time; the supervisor starts it again',
    strike: async ({ rig }) => {
      const service = turn(rig, 'restart')
      signalAll([await rig.servicePid(service)], 'SIGTERM')
      return service
    },
  },
  'restart-postgres': {
    what: 'PostgreSQL is stopped in order (fast) and comes back',
    strike: async ({ rig }) => {
      signalAll(treeOf(rig.database).slice(0, 1), 'SIGINT')
      return 'postgres'
    },
  },
  'restart-redis': {
    what: 'Redis is stopped in order and comes back', needs: 'redis',
    strike: async ({ rig }) => {
      signalAll(treeOf(queueServer(rig)), 'SIGTERM')
      return 'redis'
    },
  },
  'stop-service': {
    what: 'SIGSTOP of a service, the next one each time, for 3 to 8 s, then SIGCONT',
    strike: async (context) => {
      const service = turn(context.rig, 'stop')
      return suspend(service, [await context.rig.servicePid(service)], context)
    },
  },
  'stop-postgres': {
    what: 'SIGSTOP of all of PostgreSQL for 3 to 8 s: connections stand, nobody answers',
    strike: async (context) => suspend('postgres', treeOf(context.rig.database), context),
  },
  'stop-redis': {
    what: 'SIGSTOP of Redis for 3 to 8 s', needs: 'redis',
    strike: async (context) => suspend('redis', treeOf(queueServer(context.rig)), context),
  },
  'cut-terminals': { what: 'every terminal\'s connection is reset, and none comes through for 2 to 5 s', strike: async (context) => spoil(context.rig.lines.terminals, { kind: 'cut' }, context) },
  'cut-link': { what: 'the link gateway to front end is reset and stays down for 2 to 5 s', strike: async (context) => spoil(context.rig.lines.link, { kind: 'cut' }, context) },
  'cut-crypto': { what: 'the same with the pipe to the crypto machine', strike: async (context) => spoil(context.rig.lines.crypto, { kind: 'cut' }, context) },
  'cut-postgres': { what: 'the same with every connection of the services to PostgreSQL', strike: async (context) => spoil(context.rig.lines.postgres, { kind: 'cut' }, context) },
  'cut-redis': { what: 'the same with those to Redis', needs: 'redis', strike: async (context) => spoil(line(context.rig, 'redis'), { kind: 'cut' }, context) },
  'blackhole': {
    what: 'one of these lines, the next one each time, brings nothing for 2 to 5 s; then everything that was sent',
    strike: async (context) => spoil(nextLine(context.rig, 'blackhole'), { kind: 'blackhole' }, context),
  },
  'delay': {
    what: `one of these lines, the next one each time, takes ${DELAY_MS} ms longer each way for 2 to 5 s`,
    strike: async (context) => spoil(nextLine(context.rig, 'delay'), { kind: 'delay', ms: DELAY_MS }, context),
  },
  'disk-full': {
    what: 'the disk of the data folder (databases, queue, the station\'s files) has no byte left for 3 to 5 s', needs: 'disk',
    strike: async ({ rig, random, signal }) => {
      const seconds = between(DISK_SECONDS, random)
      try {
        // What somebody frees meanwhile is taken too.
        for (const until = Date.now() + seconds * 1_000; Date.now() < until && !signal.aborted;) {
          rig.disk.fill()
          await pause(0.5, signal)
        }
      } finally {
        rig.disk.free()
      }
      return `${seconds} s`
    },
  },
  'clock-forward': { what: 'the clock of all services steps 2 s to 1 h ahead for 4 to 8 s, then back', strike: async (context) => leap(1, context) },
  'clock-back': { what: 'the clock of all services steps 2 s to 1 h back for 4 to 8 s, then forward', strike: async (context) => leap(-1, context) },
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]

/** Which kinds can happen on this rig. */
export function possibleFaults(names: readonly FaultName[], rig: Pick<Rig, 'queueServer' | 'disk'>): FaultName[] {
  return names.filter((name) => {
    const kind: FaultKind = FAULTS[name]
    return kind.needs === 'redis' ? rig.queueServer !== undefined : kind.needs === 'disk' ? rig.disk.kind !== undefined : true
  })
}

function queueServer({ queueServer: server }: Rig): Server {
  if (!server) throw new HesError('UNAVAILABLE', 'no Redis in this run')
  return server
}

function line({ lines }: Rig, name: keyof Rig['lines']): Proxy {
  const found = lines[name]
  if (!found) throw new HesError('UNAVAILABLE', `no line ${name} in this run`)
  return found
}

function treeOf(server: Server): number[] {
  const pid = server.pid()
  return pid === undefined ? [] : processTree(pid)
}

function killServer(server: Server, random: Random): string {
  const tree = treeOf(server)
  const alone = random.next() < 0.5
  signalAll(alone ? tree.slice(0, 1) : tree, 'SIGKILL')
  return tree.length > 1 ? `${server.name}, ${alone ? 'the parent alone' : 'all'}` : server.name
}

async function suspend(name: string, pids: number[], { random, signal }: FaultContext): Promise<string> {
  const seconds = between(SERVICE_STOP_SECONDS, random)
  signalAll(pids, 'SIGSTOP')
  try {
    await pause(seconds, signal)
  } finally {
    signalAll(pids, 'SIGCONT')
  }
  return `${name} for ${seconds} s`
}

async function spoil(proxy: Proxy, state: LineState, { random, signal }: FaultContext): Promise<string> {
  const seconds = between(LINE_SECONDS, random)
  proxy.set(state)
  try {
    await pause(seconds, signal)
  } finally {
    proxy.set({ kind: 'pass' })
  }
  return `${proxy.name} for ${seconds} s`
}

async function leap(sign: 1 | -1, { rig, random, signal }: FaultContext): Promise<string> {
  const ms = sign * random.pick(CLOCK_STEPS_MS)
  const seconds = between(CLOCK_SECONDS, random)
  rig.clock.step(ms)
  try {
    await pause(seconds, signal)
  } finally {
    rig.clock.step(-ms)
  }
  return `${ms / 1_000} s for ${seconds} s`
}

const turns = new WeakMap<Rig, Map<string, number>>()

function turnOf(rig: Rig, what: string): number {
  const mine = turns.get(rig) ?? new Map<string, number>()
  turns.set(rig, mine)
  const now = mine.get(what) ?? 0
  mine.set(what, now + 1)
  return now
}

function turn(rig: Rig, what: string): ServiceName {
  return SERVICES[turnOf(rig, what) % SERVICES.length]!
}

function nextLine(rig: Rig, what: string): Proxy {
  const all = Object.values(rig.lines).filter((one): one is Proxy => one !== undefined)
  return all[turnOf(rig, what) % all.length]!
}

function between([low, high]: readonly [number, number], random: Random): number {
  return Math.round((low + random.next() * (high - low)) * 10) / 10
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1_000, undefined, { signal }).catch(() => undefined)
}
