import { randomBytes } from 'node:crypto'
import { HesError, errorCode, errorText } from '@zhuzhan/core'
import pg from 'pg'
import { z } from 'zod'
import { configSchema } from './config.js'
import { changeMasterKey } from './custody/change-master-key.js'
import type { MasterKeyChanged } from './custody/change-master-key.js'
import { createPgStore } from './store/pg-store.js'

/**
 * `zhuzhan keys change-master`: seals the store anew under another master key and ends. Both keys come on standard input, so that they are
 * in no file and no argument: length of the old one (4 bytes), the old one, the new one. The answer is one line of JSON.
 */
const Order = z.strictObject({ custody: z.string() })

async function change(): Promise<MasterKeyChanged> {
  const { custody } = Order.parse(JSON.parse(process.argv[2] ?? ''))
  const { DATABASE_URL } = configSchema.pick({ DATABASE_URL: true }).parse(process.env)
  const given = await readInput()
  const oldLength = given.length < 4 ? 0 : given.readUInt32BE(0)
  const [oldKey, newKey] = [given.subarray(4, 4 + oldLength), given.subarray(4 + oldLength)]
  // A table of a hundred thousand devices takes a while; nothing else runs here.
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1, connectionTimeoutMillis: 10_000 })
  pool.on('error', () => undefined)
  try {
    if (oldKey.length === 0) throw new HesError('CONFIG_INVALID', 'no master key on standard input')
    return await changeMasterKey({ store: createPgStore(pool), oldKey, newKey, random: randomBytes, custody })
  } finally {
    given.fill(0)
    await pool.end()
  }
}

async function readInput(): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of process.stdin as AsyncIterable<Buffer>) parts.push(part)
  const all = Buffer.concat(parts)
  for (const part of parts) part.fill(0)
  return all
}

await change().then(
  (result) => process.stdout.write(`${JSON.stringify({ ok: true, result })}\n`),
  (error: unknown) => {
    process.stdout.write(`${JSON.stringify({ ok: false, code: errorCode(error), message: errorText(error) })}\n`)
    process.exitCode = 1
  },
)
