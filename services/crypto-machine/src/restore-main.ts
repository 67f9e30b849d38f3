import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { HesError, errorCode, errorText } from '@zhuzhan/core'
import pg from 'pg'
import { z } from 'zod'
import { checkBackup, restoreMachine } from './backup/backup.js'
import { configSchema } from './config.js'
import { createPgStore } from './store/pg-store.js'

/**
 * `zhuzhan keys restore`: puts a backup into the database and ends. The master key comes on standard input, so that it is in no file
 * and no argument; the answer is one line of JSON.
 */
const Order = z.strictObject({ file: z.string(), replace: z.boolean(), check: z.boolean() })

async function restore(): Promise<object> {
  const order = Order.parse(JSON.parse(process.argv[2] ?? ''))
  const masterKey = await readMasterKey()
  try {
    const source = createReadStream(order.file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
    if (order.check) return await checkBackup(source, masterKey, randomBytes)
    const { DATABASE_URL, ZHUZHAN_STATION_ID } = configSchema.pick({ DATABASE_URL: true, ZHUZHAN_STATION_ID: true }).parse(process.env)
    // A table of a hundred thousand devices takes a while; nothing else runs here.
    const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1, connectionTimeoutMillis: 10_000 })
    pool.on('error', () => undefined)
    try {
      return await restoreMachine({ store: createPgStore(pool), masterKey, source, random: randomBytes, stationId: Buffer.from(ZHUZHAN_STATION_ID, 'hex'), replace: order.replace })
    } finally {
      await pool.end()
    }
  } finally {
    masterKey.fill(0)
  }
}

async function readMasterKey(): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part)
  const key = Buffer.concat(parts)
  for (const part of parts) part.fill(0)
  if (key.length < 16) throw new HesError('CONFIG_INVALID', 'no master key on standard input')
  return key
}

await restore().then(
  (result) => process.stdout.write(`${JSON.stringify({ ok: true, result })}\n`),
  (error: unknown) => {
    process.stdout.write(`${JSON.stringify({ ok: false, code: errorCode(error), message: errorText(error) })}\n`)
    process.exitCode = 1
  },
)
