import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HesError, parseAddress } from '@zhuzhan/core'
import { ErrorBody, RotationAnswer, RotationDetail } from '@zhuzhan/contracts'
import type { Command } from 'commander'
import { z } from 'zod'
import { createOutput } from '../output.js'
import type { Output } from '../output.js'
import { dataFolder, findStation } from '../station.js'

interface RotateOptions { meters?: string; area?: string; all?: boolean; keyVersion?: string; reason?: string; administrators?: string; wait?: boolean; timeout: string; json?: boolean }

const Administrators = z.object({ administrators: z.array(z.object({ person: z.string(), password: z.string() })).min(2) })
const Account = z.object({ admin: z.object({ username: z.string(), password: z.string() }) })
const POLL_MS = 1_000

/** Rotation of device keys over the air, and how one is getting on. docs/security/key-update.md */
export function rotateCommand(keys: Command): void {
  keys.command('rotate').description('give devices new keys over the air')
    .option('--meters <addresses>', 'terminals or meters, separated by commas')
    .option('--area <area>', 'every protected device of this area of the registry')
    .option('--all', 'every protected device')
    .option('--key-version <number>', 'version of the root keys to go to; the next one unless said')
    .option('--reason <text>', 'kept in the audit log')
    .option('--administrators <file>', 'two administrators and their laboratory passwords; the file of the station unless said')
    .option('--wait', 'until every device is through or needs a person')
    .option('--timeout <seconds>', 'how long to wait', '600')
    .option('--json', 'one line of JSON')
    .action(rotate)
}

async function rotate(options: RotateOptions): Promise<void> {
  const output = createOutput(options.json === true)
  const scopes = [options.meters, options.area, options.all].filter((one) => one !== undefined)
  if (scopes.length !== 1) throw new HesError('BODY_INVALID', 'Say which devices: exactly one of --meters, --area, --all.')
  const body = {
    ...(options.meters === undefined ? {} : { devices: options.meters.split(',').map((one) => parseAddress(one.trim())) }),
    ...(options.area === undefined ? {} : { area: options.area }),
    ...(options.all ? { all: true } : {}),
    ...(options.keyVersion === undefined ? {} : { keyVersion: Number(options.keyVersion) }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    signers: (await administrators(options.administrators ?? join(dataFolder(), 'administrators.json'))).slice(0, 2),
  }
  const station = await connect()
  let rotation = RotationAnswer.parse(await station('POST', '/keys/rotations', body))
  output.say(`rotation ${rotation.id}: ${rotation.devices} devices to version ${rotation.keyVersion}`)
  for (const { address, why } of rotation.skipped) output.say(`  left out: ${address}, ${why}`)
  if (options.wait) rotation = await follow(station, rotation, Number(options.timeout), output)
  output.result(rotation, words(rotation))
  if (options.wait && rotation.state !== 'done') {
    await tellStuck(station, rotation.id, output)
    process.exitCode = 1
  }
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>

/** Until nothing moves without a person, or the time is over; the station goes on by itself either way. */
async function follow(station: Ask, started: RotationAnswer, seconds: number, output: Output): Promise<RotationAnswer> {
  const deadline = Date.now() + seconds * 1_000
  let shown = ''
  for (let now = started; ;) {
    const line = progressLine(now)
    if (line !== shown) output.say(line)
    shown = line
    if (now.state !== 'running' || Date.now() > deadline) return now
    await sleep(POLL_MS)
    now = RotationAnswer.parse(await station('GET', `/keys/rotations/${started.id}?limit=1`))
  }
}

function progressLine({ progress, devices, unreachable, suspect }: RotationAnswer): string {
  const under = progress.staging + progress.staged + progress.committing + progress.aborting
  const parts = [`${progress.done}/${devices} done`, `${under} under way`, `${progress.ordered} waiting`]
  for (const [count, name] of [[progress.refused, 'refused'], [progress.aborted, 'taken back'], [unreachable, 'unreachable'], [suspect, 'suspect']] as const) if (count > 0) parts.push(`${count} ${name}`)
  return parts.join(', ')
}

function words(rotation: RotationAnswer): string {
  const { id, state } = rotation
  if (state === 'done') return `All ${rotation.devices} devices have keys of version ${rotation.keyVersion}.`
  if (state === 'unsigned') return `Rotation ${id} waits for signatures of two administrators: GET /api/v1/keys/rotations/${id} shows what to sign, POST .../signatures takes it.`
  if (state === 'attention') return `Rotation ${id}: ${progressLine(rotation)}. What is not done needs a person.`
  return `Rotation ${id} goes on by itself: ${progressLine(rotation)}. See GET /api/v1/keys/rotations/${id}.`
}

async function tellStuck(station: Ask, id: string, output: Output): Promise<void> {
  const { items } = RotationDetail.parse(await station('GET', `/keys/rotations/${id}?limit=4096`))
  for (const { address, state, advice } of items) if (advice !== null) output.say(`  ${address} ${state}: ${advice}`)
}

async function administrators(file: string): Promise<{ person: string; password: string }[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new HesError('NOT_FOUND', `${file}: ${error.message}. Two administrators sign a rotation: name their file with --administrators. In production they sign elsewhere; ask by POST /api/v1/keys/rotations.`)
  })
  return Administrators.parse(JSON.parse(text)).administrators.map(({ person, password }) => ({ person, password }))
}

/** REST with the rights of this account; when none is given of that of the data folder, or of ZHUZHAN_ADMIN_USERNAME and ZHUZHAN_ADMIN_PASSWORD. */
export async function connect(given?: { username: string; password: string }): Promise<Ask> {
  const { operatorApi } = await findStation()
  const account = given ?? await readFile(join(dataFolder(), 'endpoints.json'), 'utf8').then((text) => Account.parse(JSON.parse(text)).admin, () => ({
    username: process.env['ZHUZHAN_ADMIN_USERNAME'] ?? 'admin', password: process.env['ZHUZHAN_ADMIN_PASSWORD'] ?? '',
  }))
  const askWith = (token?: string): Ask => async (method, path, body) => {
    const response = await fetch(`${operatorApi}/api/v1${path}`, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer
    const error = ErrorBody.safeParse(answer)
    throw new HesError('UNAVAILABLE', error.success ? `${error.data.message} [${error.data.code}]` : `the station answered ${response.status}`)
  }
  return askWith(z.object({ token: z.string() }).parse(await askWith()('POST', '/auth/login', account)).token)
}
