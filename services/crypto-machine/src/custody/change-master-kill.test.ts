/**
 * `kill -9` of the program that seals the store anew, at moments all over its run: the store opens whole with the old master key or whole
 * with the new one. A drill (scripts/test.mjs); ZHUZHAN_KILLS: how often, 10 when unset.
 *
 * A commit after each table would leave a store of which both keys open a part: that is what it looks for.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PROJECT, withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { rowsOpening } from '../conformance/master-key-suite.js'
import { testEngine } from '../conformance/rig.js'
import { deviceRowMac } from '../keys/devices.js'
import { createVault, openVault } from '../keys/vault.js'
import type { Vault } from '../keys/vault.js'
import { createPgStore } from '../store/pg-store.js'
import type { NewDevice } from '../store/store.js'

const KILLS = Number(process.env['ZHUZHAN_KILLS'] ?? 10)
const DEVICES = 4_000

const db = withPostgres()
afterAll(() => testEngine().close())

function rekey(oldKey: Buffer, newKey: Buffer): { done: Promise<unknown>; kill(): void } {
  const child = spawn(process.execPath, [join(PROJECT, 'services/crypto-machine/dist/rekey-main.js'), '{"custody":"file"}'], {
    env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: db.url }, stdio: ['pipe', 'ignore', 'inherit'],
  })
  const length = Buffer.alloc(4)
  length.writeUInt32BE(oldKey.length)
  child.stdin.on('error', () => undefined)
  child.stdin.end(Buffer.concat([length, oldKey, newKey]))
  return { done: once(child, 'exit'), kill: () => child.kill('SIGKILL') }
}

const device = (vault: Vault, n: number): NewDevice => {
  const row: NewDevice = {
    address: String(n).padStart(12, '0'), dispersion: randomBytes(8), ad: randomBytes(6), chipSerial: randomBytes(8), mode: 'S', keyState: 1, keyVersion: 1,
    status: 'active', certificate: undefined, issuedKey: vault.wrap(`issued-key/${String(n).padStart(12, '0')}`, randomBytes(32)), suspect: false, rowMac: Buffer.alloc(16),
  }
  return { ...row, rowMac: deviceRowMac(vault, row) }
}

test(`${KILLS} times kill -9 while the store is sealed anew: it opens whole with one of the two keys`, async () => {
  const pool = new pg.Pool({ connectionString: db.url, max: 2 })
  pool.on('error', () => undefined)
  const store = createPgStore(pool)
  let [now, next] = [randomBytes(32), randomBytes(32)]
  const vault = await openVault(store, now, randomBytes)
  await store.takeOver('test')
  for (let n = 0; n < DEVICES; n += 1_000) await store.enrol(Array.from({ length: 1_000 }, (_, i) => device(vault, n + i)), 'test')
  const ways: string[] = []
  const look = async (): Promise<void> => {
    const identity = await store.identity(() => Promise.reject(new Error('no machine')))
    const opening = async (key: Buffer): Promise<string | undefined> => (await rowsOpening(store, createVault(key, identity.salt, randomBytes, identity.epoch)))['device']
    const [old, fresh] = [await opening(now), await opening(next)]
    const whole = `${DEVICES} of ${DEVICES}`
    expect([[whole, `0 of ${DEVICES}`], [`0 of ${DEVICES}`, whole]]).toContainEqual([old, fresh])
    if (fresh === whole) [now, next] = [next, randomBytes(32)]
    ways.push(fresh === whole ? 'new' : 'old')
    // Whole with the vault that opens the store, too: the check value went with the rows.
    await openVault(store, now, randomBytes)
  }
  const begun = performance.now()
  await rekey(now, next).done
  let whole = performance.now() - begun
  await look()
  expect(ways).toEqual(['new'])
  for (let kill = 0; kill < KILLS; kill += 1) {
    const run = rekey(now, next)
    const since = performance.now()
    const timer = setTimeout(run.kill, whole * (0.2 + 0.8 * ((kill + 0.5) / KILLS)))
    await run.done
    clearTimeout(timer)
    const took = performance.now() - since
    await look()
    // One that was through before its kill: the next ones come earlier.
    if (ways.at(-1) === 'new') whole = Math.min(whole, took)
  }
  process.stderr.write(`a whole change takes ${(whole / 1000).toFixed(1)} s; after the kills the store opened with: ${ways.join(' ')}\n`)
  await pool.end()
}, 60_000 + KILLS * 30_000)
