import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { HesError } from '@zhuzhan/core'
import { createLogger } from '@zhuzhan/service-kit'
import { z } from 'zod'
import { PROJECT, writeAtomically } from './data-folder.js'

const METERS_BEHIND_EACH = 10
/** One of each kind at the first meter: 0.2 s of computing, beginning two seconds after the fleet's own start. */
const FIELD_DEVICES = 5

const Registry = z.array(z.object({
  address: z.string(),
  profile: z.enum(['plain', 'sm-s', 'sm-f']),
  meters: z.array(z.string()),
}))
type Registry = z.output<typeof Registry>
const ImportReport = z.object({
  created: z.number(),
  refused: z.number(),
  items: z.array(z.object({ address: z.string().nullable(), result: z.string(), message: z.string().optional() })),
})

/** A running station, as the demo reaches it. */
export interface DemoTarget {
  /** http://host:port */
  operatorApi: string
  admin: { username: string; password: string }
  cryptoUrl: string
  cryptoSecret: string
}

export interface DemoOptions {
  terminals: number
  target: DemoTarget
  /** Keys and state of the virtual devices. */
  folder: string
}

export interface Demo {
  /** Terminals and meters that were not registered before. */
  created: number
  /** The fleet's command line, apart from where to connect. */
  args: string[]
}

/**
 * Registers the demo's terminals and meters as an operator would, and issues laboratory keys to the protected ones. What is
 * there already stays.
 */
export async function prepareDemo({ terminals, target, folder }: DemoOptions): Promise<Demo> {
  const keysFile = join(folder, 'keys.json')
  const chosen = ['--terminals', String(terminals), '--meters', String(METERS_BEHIND_EACH), '--profile', 'mixed']
  const registry = fleetRegistry(chosen)
  const created = await register(registry, target)
  await issueKeys(registry, keysFile, target)
  return { created, args: [...chosen, '--keys', keysFile, '--state', folder, '--field-devices', String(FIELD_DEVICES)] }
}

/** The fleet itself says which devices it will be. */
function fleetRegistry(chosen: readonly string[]): Registry {
  const done = spawnSync(process.execPath, ['dist/main.js', ...chosen, '--print-registry'], { cwd: join(PROJECT, 'packages/fleet'), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.status !== 0) throw new HesError('INTERNAL', `The fleet did not print its registry: ${done.stderr}`)
  return Registry.parse(JSON.parse(done.stdout))
}

async function register(registry: Registry, { operatorApi, admin }: DemoTarget): Promise<number> {
  const base = `${operatorApi}/api/v1`
  const login = await post(`${base}/auth/login`, 'application/json', JSON.stringify(admin))
  const token = z.object({ token: z.string() }).parse(login).token

  const terminals = registry.map(({ address, profile }, index) => [address, `Demo terminal ${index + 1}`, ...security(profile), 'Demo'].join(','))
  const meters = registry.flatMap(({ address, meters: behind }, t) => behind.map((meter, m) => [meter, address, `Demo meter ${t + 1}-${m + 1}`].join(',')))
  const importing = async (what: string, header: string, rows: string[]): Promise<number> => {
    const report = ImportReport.parse(await post(`${base}/${what}/import`, 'text/csv', [header, ...rows, ''].join('\n'), token))
    const first = report.items.find(({ result }) => result === 'refused')
    if (first) throw new HesError('INTERNAL', `${report.refused} of the demo's ${what} were refused, the first: ${first.address ?? '?'}: ${first.message ?? ''}`)
    return report.created
  }
  return (await importing('terminals', 'address,name,securityProfile,mode,area', terminals)) + (await importing('meters', 'address,terminal,name', meters))
}

function security(profile: Registry[number]['profile']): [string, string] {
  return profile === 'plain' ? ['plain', ''] : ['sm', profile === 'sm-s' ? 'S' : 'F']
}

async function post(url: string, type: string, body: string, token?: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}) } })
  const text = await response.text()
  if (!response.ok) throw new HesError('INTERNAL', `POST ${new URL(url).pathname} answered ${response.status}: ${text.slice(0, 500)}`)
  return JSON.parse(text)
}

/** The crypto machine answers with the same keys each time, so the file is right even beside an older or newer database. */
async function issueKeys(registry: Registry, file: string, { cryptoUrl, cryptoSecret }: DemoTarget): Promise<void> {
  const wanted = registry.filter(({ profile }) => profile !== 'plain').map(({ address, profile }) => ({ address, mode: profile === 'sm-s' ? 'S' as const : 'F' as const }))
  const machine = await connectCryptoMachine({ url: cryptoUrl, secret: cryptoSecret, identity: 'supervisor', log: createLogger({ service: 'supervisor', level: 'silent' }) })
  try {
    const issued = (await machine.issueKeys(wanted)).map((outcome, index) => {
      if (!outcome.ok) throw new HesError(outcome.code, `No laboratory keys for ${wanted[index]?.address}: ${outcome.code}.`)
      return outcome.value
    })
    writeAtomically(file, JSON.stringify(issued))
  } finally {
    await machine.stop()
  }
}
