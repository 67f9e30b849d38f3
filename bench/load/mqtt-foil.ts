import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts, programOnPath, startPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { POSTGRES_SETTINGS } from './station.js'

/** Messages a second until the last was acknowledged to its sender, and until the last row was in the table. */
export interface FoilRun { acknowledged: number; stored: number }

/** Is the broker on this machine? (Debian: apt-get install mosquitto) */
export const mosquitto = programOnPath('mosquitto')

/** Mosquitto at QoS 1, one Node subscriber, PostgreSQL with fsync: the same terminals, messages and values as ours. */
export async function mqttFoil(form: 'before' | 'after', { terminals, reports, window, from }: { terminals: number; reports: number; window: number; from: number }): Promise<FoilRun> {
  if (mosquitto === undefined) throw new Error('mosquitto is not installed here (Debian: apt-get install mosquitto).')
  const [port = 0] = await freePorts(1)
  const folder = mkdtempSync(join(tmpdir(), 'zhuzhan-bench-mqtt-'))
  // Its queue to the subscriber is not bounded: otherwise it would lose messages it has acknowledged.
  writeFileSync(join(folder, 'mosquitto.conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 0\nlog_type none\n`)
  const broker = spawn(mosquitto, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' })
  const postgres = await startPostgres({ settings: POSTGRES_SETTINGS })
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 })
  pool.on('error', () => undefined)
  await pool.query('CREATE TABLE foil_reading (meter_id integer NOT NULL, time timestamptz(3) NOT NULL, item integer NOT NULL, value numeric NOT NULL, PRIMARY KEY (meter_id, time, item))')
  const url = `mqtt://127.0.0.1:${port}`
  const children: ChildProcess[] = []
  const program = async (file: string, ...args: string[]): Promise<ChildProcess> => {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--conditions=zhuzhan-source', '--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    children.push(child)
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
    })
    return child
  }
  await program('./mqtt-consumer.ts', form, url, postgres.url)
  const publisher = await program('./mqtt-publisher.ts', url, String(terminals), String(reports), String(window), String(from))
  const begun = performance.now()
  const done = new Promise<number>((resolve) => publisher.once('message', ({ seconds }: { seconds: number }) => resolve(seconds)))
  publisher.send('go')
  const total = terminals * reports
  const seconds = await done
  const rows = async (): Promise<number> => (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM foil_reading')).rows[0]!.n
  while (await rows() < total * 3) await new Promise((resolve) => setTimeout(resolve, 50))
  const run = { acknowledged: total / seconds, stored: total / ((performance.now() - begun) / 1_000) }
  for (const child of children) {
    child.removeAllListeners('exit')
    child.disconnect()
  }
  broker.kill('SIGTERM')
  await pool.end()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
  return run
}
