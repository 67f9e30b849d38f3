import mqtt from 'mqtt'
import type { IPublishPacket } from 'mqtt'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

/**
 * The foil's station, a program of its own: one subscriber at QoS 1 that puts readings into PostgreSQL. `before`: it lets the library
 * acknowledge at once and writes batches by COPY, as fast pipelines do. `after`: a message is acknowledged when its rows are committed.
 */
interface Payload { meter: number; time: number; values: [number, string][] }
const [, , form, brokerUrl, databaseUrl] = process.argv as [string, string, 'before' | 'after', string, string]
const BATCH_ROWS = 5_000
const WINDOW_MS = 20
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
let lines: string[] = []
let timer: NodeJS.Timeout | undefined

function rowsOf(payload: Buffer): string[] {
  const { meter, time, values } = JSON.parse(payload.toString()) as Payload
  const at = new Date(time).toISOString()
  return values.map(([item, value]) => `${meter}\t${at}\t${item}\t${value}\n`)
}

async function write(some: string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await new Promise<void>((resolve, reject) => {
      const stream = client.query(copyFrom('COPY foil_reading FROM STDIN'))
      stream.on('finish', resolve).on('error', reject)
      stream.end(some.join(''))
    })
  } finally {
    client.release()
  }
}

function flush(): void {
  clearTimeout(timer)
  timer = undefined
  const some = lines
  lines = []
  if (some.length > 0) void write(some)
}

const client = mqtt.connect(brokerUrl, { clientId: 'station', clean: true, protocolVersion: 5, properties: { receiveMaximum: 1_000 } })
if (form === 'after') {
  client.handleMessage = (packet: IPublishPacket, done: (error?: Error) => void): void => {
    const rows = rowsOf(packet.payload as Buffer).map((line) => line.trimEnd().split('\t'))
    pool.query('INSERT INTO foil_reading SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::numeric[])', [0, 1, 2, 3].map((column) => rows.map((row) => row[column])))
      .then(() => done(), (error: Error) => done(error))
  }
} else {
  client.on('message', (_topic, payload) => {
    lines.push(...rowsOf(payload))
    if (lines.length >= BATCH_ROWS) flush()
    else timer ??= setTimeout(flush, WINDOW_MS)
  })
}
client.on('connect', () => client.subscribe('reports', { qos: 1 }, () => process.send?.('ready')))
process.on('disconnect', () => process.exit(0))
