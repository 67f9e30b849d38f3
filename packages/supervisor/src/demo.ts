import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { HesError } from '@zhuzhan/core'
import { createLogger } from '@zhuzhan/service-kit'
import { z } from 'zod'
import { PROJECT, writeAtomically } from './data-folder.js'
import { cryptoUrl, reachable } from './service-table.js'
import type { Wiring } from './service-table.js'
import type { StopSignal } from './stop-signal.js'

const METERS_BEHIND_EACH = 10
/** The client connects beside us; ten seconds are enough for a machine that said it is ready. */
const CONNECT_TRIES = 200

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

export interface DemoOptions {
  terminals: number
  wiring: Wiring
  say: (text: string) => void
  signal: StopSignal
}

/**
 * Registers the demo's terminals and meters as an operator would, and issues laboratory keys to the protected ones. What is
 * there already stays.
 * @returns the command line of the fleet
 */
export async function demoFleet({ terminals, wiring, say, signal }: DemoOptions): Promise<string[]> {
  const keysFile = join(wiring.folder.fleet, 'keys.json')
  const chosen = ['--terminals', String(terminals), '--meters', String(METERS_BEHIND_EACH), '--profile', 'mixed']
  const registry = fleetRegistry(chosen)
  const created = await signal.unless(register(registry, wiring))
  say(created > 0 ? `registered ${created} virtual terminals and meters` : 'the virtual terminals and meters are registered already')
  await signal.unless(issueKeys(registry, keysFile, wiring))
  return [
    '--gateway', reachable(wiring.config.ZHUZHAN_4G_HOST, wiring.ports.terminals), ...chosen,
    '--keys', keysFile, '--state', wiring.folder.fleet, '--control', `127.0.0.1:${wiring.ports.fleetControl}`,
  ]
}

/** The fleet itself says which devices it will be. */
function fleetRegistry(chosen: readonly string[]): Registry {
  const done = spawnSync(process.execPath, ['dist/main.js', ...chosen, '--print-registry'], { cwd: join(PROJECT, 'packages/fleet'), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (done.status !== 0) throw new HesError('INTERNAL', `The fleet did not print its registry: ${done.stderr}`)
  return Registry.parse(JSON.parse(done.stdout))
}

async function register(registry: Registry, wiring: Wiring): Promise<number> {
  const { config, secrets, ports } = wiring
  const base = `http://${reachable(config.ZHUZHAN_API_HOST, ports.api)}/api/v1`
  const login = await post(`${base}/auth/login`, 'application/json', JSON.stringify({ username: config.ZHUZHAN_ADMIN_USERNAME, password: secrets.adminPassword }))
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
async function issueKeys(registry: Registry, file: string, wiring: Wiring): Promise<void> {
  const wanted = registry.filter(({ profile }) => profile !== 'plain').map(({ address, profile }) => ({ address, mode: profile === 'sm-s' ? 'S' as const : 'F' as const }))
  const machine = createCryptoMachineClient({ url: cryptoUrl(wiring), secret: wiring.secrets.cryptoSecret, identity: 'supervisor', log: createLogger({ service: 'supervisor', level: 'silent' }) })
  await machine.start()
  try {
    for (let tries = 0; !machine.connected && tries < CONNECT_TRIES; tries++) await sleep(50)
    const issued = (await machine.issueKeys(wanted)).map((outcome, index) => {
      if (!outcome.ok) throw new HesError(outcome.code, `No laboratory keys for ${wanted[index]?.address}: ${outcome.code}.`)
      return outcome.value
    })
    writeAtomically(file, JSON.stringify(issued))
  } finally {
    await machine.stop()
  }
}
