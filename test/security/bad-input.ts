import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONTROL } from '@zhuzhan/dlt698'
import { until } from '../e2e/wait.js'
import { objectOf } from './field.js'
import type { Field } from './field.js'
import { connectRaw, frameOf, getRequest, linkFrame, reportOf } from './raw-terminal.js'
import type { RawTerminal } from './raw-terminal.js'

const STRANGER = 'remote/127.0.0.1'
/** The OAD as the REST names it. */
const VOLTAGE = '20000201'
const REPORT_RESPONSE = 0x08
const UNKNOWN = '000000000999'
/** ZHUZHAN_4G_MAX_STRANGERS_PER_ADDRESS; all our connections come from one address. */
const MAX_STRANGERS = 1_000
const SILENT = 10_000

/** Bytes that are no login of a registered terminal, or no proper frame of one. */
export function badInput(field: () => Field): void {
  let raw: RawTerminal
  beforeEach(async () => { raw = await connectRaw(field().station.endpoints().gateway4g) })
  afterEach(() => raw.close())

  /** The gateway throws these bytes away, counts them, and goes on with the frame behind them. */
  const discarded = async (bytes: Buffer): Promise<void> => {
    const { bench, metric } = field()
    await raw.login(bench.address)
    const before = await metric('zhuzhan_gateway_discarded_bytes_total')
    raw.send(bytes)
    await raw.heartbeat(bench.address)
    expect(await metric('zhuzhan_gateway_discarded_bytes_total')).toBeGreaterThanOrEqual(before + bytes.length)
    expect(raw.answered).toBe(2)
  }
  const flipped = (frame: Buffer, at: number): Buffer => {
    const bad = Buffer.from(frame)
    bad[(at + bad.length) % bad.length]! ^= 0x01
    return bad
  }
  const noise = (size: number): Buffer => Buffer.from(randomBytes(size).map((byte) => (byte === 0x68 ? 0 : byte)))

  test('garbage before a login ends the connection', () => field().refused('LIMIT_EXCEEDED', STRANGER, async () => {
    raw.send(noise(2_000))
    await raw.ended()
  }), 60_000)

  test('garbage between the frames of a terminal is skipped; too much of it ends the connection', async () => {
    const { metric } = field()
    await discarded(noise(5_000))
    const before = await metric('zhuzhan_gateway_refusals_total', 'code="FRAME_INVALID"')
    raw.send(noise(70_000))
    await raw.ended()
    expect(await metric('zhuzhan_gateway_refusals_total', 'code="FRAME_INVALID"')).toBeGreaterThan(before)
  }, 60_000)

  test('half a frame does not swallow the whole one behind it', () => {
    const frame = linkFrame(field().bench.address, 'heartbeat')
    return discarded(frame.subarray(0, frame.length / 2))
  }, 60_000)

  test.each([['header', 13], ['frame', -3]])('a wrong %s checksum', (_which, at) => discarded(flipped(linkFrame(field().bench.address, 'heartbeat'), at)), 60_000)

  test('a length beyond the limit is not waited for', () => {
    const frame = linkFrame(field().bench.address, 'heartbeat')
    frame.writeUInt16LE(0x3fff, 1)
    return discarded(frame)
  }, 60_000)

  test('a login a byte at a time is a login', async () => {
    for (const byte of linkFrame(field().bench.address, 'login')) {
      raw.send(Buffer.of(byte))
      await sleep(5)
    }
    expect((await raw.receive(0x81)).data[2]! & 7).toBe(0)
  }, 60_000)

  test('a login from an unknown address is told off and ended', () => field().refused('TERMINAL_UNKNOWN', `terminal/${UNKNOWN}`, async () => {
    await raw.login(UNKNOWN, 2)
    await raw.ended()
  }), 60_000)

  test('a report before the login gets no answer and leaves nothing; after it the next one is taken', async () => {
    const { bench, refused, station } = field()
    const report = (value: number) => frameOf(bench.address, reportOf(value), CONTROL.serverReport)
    await refused('NOT_LOGGED_IN', STRANGER, () => raw.send(report(2_100)))
    expect(raw.frames).toHaveLength(0)
    await raw.login(bench.address)
    raw.send(report(2_200))
    await raw.receive(REPORT_RESPONSE)
    // A confirmed report is on its way into the readings, behind whatever came before it.
    await until('the report after the login', 20, async () => {
      const readings = await station.rest.all(`/api/v1/meters/${bench.address}/readings?limit=1000&item=${VOLTAGE}&quality=all`)
      expect(readings.map(({ value }) => Number(value))).toEqual([220])
      return true
    })
  }, 60_000)

  test('an APDU of the wrong direction is refused; after too many the connection ends', async () => {
    const { bench, refused } = field()
    await raw.login(bench.address)
    await refused('SERVICE_ILLEGAL', objectOf(bench), () => raw.send(frameOf(bench.address, getRequest)))
    await raw.heartbeat(bench.address)
    expect(raw.answered).toBe(2)
    await refused('SERVICE_ILLEGAL', objectOf(bench), async () => {
      for (let n = 0; n < 40; n += 1) raw.send(frameOf(bench.address, getRequest))
      await raw.ended()
    }, 30)
  }, 60_000)

  test(`${SILENT} connections that say nothing neither fill the gateway nor delay a terminal that logs in and reports`, async () => {
    const { station, plain, fleet, metric, report, confirmed, refused } = field()
    const [host, port] = station.endpoints().gateway4g.split(':')
    const memory = (): Promise<number> => metric('zhuzhan_process_resident_memory_bytes', '', 'gateway-type1')
    const before = await memory()
    const silent: Socket[] = []
    try {
      await refused('LIMIT_EXCEEDED', STRANGER, async () => {
        while (silent.length < SILENT) {
          const some = Array.from({ length: 100 }, () => connect({ host: host!, port: Number(port) }).on('error', () => undefined))
          await Promise.all(some.map((socket) => once(socket, 'connect')))
          silent.push(...some)
        }
        const { link } = fleet.terminals.get(plain.address)!
        const since = performance.now()
        link.hangUp('test', 0)
        await until('the login', 10, async () => (link.ready ? true : undefined))
        report(plain)
        await confirmed(plain)
        expect(performance.now() - since).toBeLessThan(10_000)
        await until('the bound of strangers', 10, async () => ((await metric('zhuzhan_gateway_connections', 'state="stranger"')) <= MAX_STRANGERS ? true : undefined))
      }, SILENT - MAX_STRANGERS)
      expect(await memory() - before).toBeLessThan(150e6)
    } finally {
      for (const socket of silent) socket.destroy()
    }
  }, 120_000)
}
