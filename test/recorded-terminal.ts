/**
 * A terminal that is none of our code's: it imports nothing of this project. All it sends are the bytes of frames that
 * other people recorded (packages/dlt698/vectors), with its own address, the client's address and PIID put in and the
 * checksums computed anew by the CRC below. Run it alone:
 *
 *   node --import tsx test/recorded-terminal.ts <host:port> <address of 12 digits>
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'

interface Recorded { hex: string; description: string; kind: string }

const VECTORS = new URL('../packages/dlt698/vectors/frames-dlt698.json', import.meta.url)
const recorded = (JSON.parse(readFileSync(VECTORS, 'utf8')) as Recorded[]).filter(({ kind }) => kind === 'frame').map(({ hex }) => Buffer.from(hex, 'hex'))

/** The recorded frame that begins with these bytes; the file keeps whole frames, so this is only a name for one of them. */
function frameWith(part: string): Buffer {
  const found = recorded.find((frame) => frame.toString('hex').toUpperCase().includes(part))
  if (found === undefined) throw new Error(`no recorded frame with ${part}`)
  return found
}

/** Offsets of a frame with an address of six bytes: 68 L L C flag SA*6 CA HCS HCS, then the APDU. */
const AT = { length: 1, control: 3, flag: 4, server: 5, client: 11, hcs: 12, apdu: 14 } as const
const SIX_BYTES = 0x05

const LOGIN = frameWith('010000012C07E602170308063803')
const HEARTBEAT = frameWith('010001012C07E602170300043300')
const REPORT = frameWith('880209013106020006')
const CONFIRMATION = frameWith('080227016012030000')
/** GET-Response Normal of many attributes, and Record with no row, by tag and OAD of what they answer. */
const ANSWERS = new Map(recorded.filter((frame) => frame[AT.control] === 0xc3 && frame[AT.flag] === SIX_BYTES).flatMap((frame) => {
  const apdu = frame.subarray(AT.apdu)
  return apdu[0] === 0x85 && (apdu[1] === 1 || apdu.toString('hex').startsWith('85030050040200')) ? [[`${apdu[1]} ${oadOf(apdu)}`, frame] as const] : []
}).reverse())

/** OAD behind service, choice and PIID, the same place in a request and in its answer. */
function oadOf(apdu: Buffer): string {
  return apdu.subarray(3, 7).toString('hex').toUpperCase()
}

/** CRC-16/X-25, bit by bit. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  }
  return crc ^ 0xffff
}

/** A recorded frame with another server address, client address and PIID. LINK has its PIID behind the tag, the others behind the choice. */
export function adapted(frame: Buffer, address: string, { client = 0, piid }: { client?: number; piid?: number } = {}): Buffer {
  if (frame[AT.flag] !== SIX_BYTES) throw new Error('a recorded frame with an address of six bytes')
  const out = Buffer.from(frame)
  Buffer.from(address, 'hex').reverse().copy(out, AT.server)
  out[AT.client] = client
  const tag = out[AT.apdu]!
  if (piid !== undefined) out[AT.apdu + (tag === 0x01 || tag === 0x81 ? 1 : 2)] = piid
  return withChecksums(out)
}

function withChecksums(frame: Buffer): Buffer {
  frame.writeUInt16LE(crc16(frame.subarray(1, AT.hcs)), AT.hcs)
  frame.writeUInt16LE(crc16(frame.subarray(1, frame.length - 3)), frame.length - 3)
  return frame
}

/** The confirmation a station owes for a report frame: the recorded one, with number and OAD of the report. */
export function confirmationFor(report: Buffer, address: string, client = 0): Buffer {
  const out = adapted(CONFIRMATION, address, { client, piid: report[AT.apdu + 2]! })
  // 08 02 PIID 01 OAD 00; the report's first OAD stands behind its own count.
  report.copy(out, AT.apdu + 4, AT.apdu + 4, AT.apdu + 8)
  return withChecksums(out)
}

export interface RecordedTerminal {
  /** Whole frames received, in order. */
  readonly received: readonly Buffer[]
  /** OADs it was asked for, and whether a recorded answer was there. */
  readonly asked: readonly { oad: string; answered: boolean }[]
  /** Sends LINK login or heartbeat; resolves with the answer's frame. */
  login(): Promise<Buffer>
  heartbeat(): Promise<Buffer>
  /** Sends the recorded report; resolves with the frame of the confirmation. */
  report(): Promise<Buffer>
  close(): void
}

const PATIENCE_MS = 15_000

export async function connectRecordedTerminal(host: string, port: number, address: string): Promise<RecordedTerminal> {
  const received: Buffer[] = []
  const asked: { oad: string; answered: boolean }[] = []
  const waiting: { fits: (frame: Buffer) => boolean; got: (frame: Buffer) => void }[] = []
  const socket = connect({ host, port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => socket.destroy())

  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 3 && rest.length >= rest.readUInt16LE(AT.length) + 2) {
      const size = rest.readUInt16LE(AT.length) + 2
      onFrame(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
  })

  function onFrame(frame: Buffer): void {
    const sound = frame[0] === 0x68 && frame.at(-1) === 0x16 && frame.readUInt16LE(frame.length - 3) === crc16(frame.subarray(1, frame.length - 3))
    if (!sound) throw new Error(`the station sent an unsound frame ${frame.toString('hex')}`)
    received.push(Buffer.from(frame))
    const index = waiting.findIndex(({ fits }) => fits(frame))
    if (index >= 0) return waiting.splice(index, 1)[0]!.got(Buffer.from(frame))
    if (frame[AT.apdu] === 0x05) answer(frame)
  }

  function answer(request: Buffer): void {
    const apdu = request.subarray(AT.apdu)
    const oad = oadOf(apdu)
    const known = ANSWERS.get(`${apdu[1]} ${oad}`)
    asked.push({ oad, answered: known !== undefined })
    if (known) socket.write(adapted(known, address, { client: request[AT.client]!, piid: apdu[2]! & 0xbf }))
  }

  function exchange(frame: Buffer, fits: (answer: Buffer) => boolean): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer from the station')), PATIENCE_MS)
      waiting.push({ fits, got: (answer) => { clearTimeout(timer); resolve(answer) } })
      socket.write(frame)
    })
  }

  const isLinkAnswer = (frame: Buffer): boolean => frame[AT.control] === 0x01 && frame[AT.apdu] === 0x81
  return {
    received, asked,
    login: () => exchange(adapted(LOGIN, address), isLinkAnswer),
    heartbeat: () => exchange(adapted(HEARTBEAT, address), isLinkAnswer),
    report: () => exchange(recordedReport(address), (frame) => frame[AT.apdu] === 0x08),
    close: () => socket.destroy(),
  }
}

/** The report as this terminal sends it. */
export function recordedReport(address: string): Buffer {
  return adapted(REPORT, address)
}

async function alone(gateway: string, address: string): Promise<void> {
  const [host = '127.0.0.1', port = '9500'] = gateway.split(':')
  const terminal = await connectRecordedTerminal(host, Number(port), address)
  process.stdout.write(`login: ${(await terminal.login()).toString('hex')}\n`)
  process.stdout.write(`report confirmed: ${(await terminal.report()).toString('hex')}\n`)
  setInterval(() => void terminal.heartbeat().then((frame) => process.stdout.write(`heartbeat: ${frame.toString('hex')}\n`)), 60_000)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [gateway, address] = process.argv.slice(2)
  if (gateway === undefined || !/^[0-9]{12}$/.test(address ?? '')) {
    process.stderr.write(`usage: ${fileURLToPath(import.meta.url)} <host:port> <address of 12 digits>\n`)
    process.exit(2)
  }
  await alone(gateway, address!)
}
