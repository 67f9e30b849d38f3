import { HesError, errorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, ModulesVerdict } from '@zhuzhan/contracts'
import { CONTROL, decodeApdu, decodeFrame, encodeApdu, encodeConnectHeader, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import type { Lane } from '../requests/request-table.js'
import { OFFER, OFFER_BYTES } from '../secure/connect-header.js'
import { createTurnstile } from '../secure/turnstile.js'
import type { Turnstile } from '../secure/turnstile.js'
import type { Terminal } from '../terminals/terminal.js'

/**
 * Sessions of meters behind terminals: of the meter's own keys, end to end, whose frames travel in PROXY 7 as reads of the terminal
 * (OSP-1 §7.11). They are opened for one piece of work and ended after it.
 */
export interface MeterSessions {
  /**
   * Waits until nobody else has a session of this meter: a second one would kill the first; and until its terminal, whose line is narrow,
   * has a place: what waits there after a ticket is spent would be lost.
   */
  alone<T>(terminal: Terminal, meter: string, work: () => Promise<T>): Promise<T>
  /** One CONNECT. Undefined: the meter answered with its counter; once more at once. @throws HesError TERMINAL_TIMEOUT, AUTH_FAILED, TERMINAL_OFFLINE … */
  connect(terminal: Terminal, meter: string, lane: Lane): Promise<MeterSession | undefined>
  /** CONNECT until there is a session, a few times. @throws HesError as `connect` */
  open(terminal: Terminal, meter: string, lane: Lane): Promise<MeterSession>
}

export interface MeterSession {
  readonly handle: string
  /** A read: sealed, answered, opened. @throws HesError TERMINAL_TIMEOUT, AUTH_FAILED, DEVICE_REFUSED with `dar` and `device` */
  read(apdu: Apdu): Promise<Apdu>
  /** Sends what the machine sealed for this session and opens the answer. @throws HesError as `read` */
  exchange(sealed: Uint8Array): Promise<Apdu>
  end(): void
}

export interface MeterSessionOptions {
  machine: CryptoMachine
  clientAddress: number
  requestMs: number
  proxySeconds: number
  /** Port of terminals that meters hang on, OAD. */
  meterPort: string
  betweenConnectsMs?: number
  /** The machine judged a module manifest that came as an answer. */
  onModules?(device: { address: string; terminal: string }, verdict: ModulesVerdict): void
}

const MAX_CONNECTS = 3
/** Meters behind one terminal that are spoken to at the same time. */
const AT_ONCE = 2
/** The meter answers one wrong CONNECT a second (OSP-1 §7.12). */
export const BETWEEN_CONNECTS_MS = 1_100
/** Bytes a terminal may leave in front of the meter's frame. */
const WAKE_UP = 0xfe
/** The usual meter setting, 9600 8E1; a terminal's carrier port does not heed it. */
const COMDCB = { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 } as const
const PIID = { number: 1, priority: false, acd: false }
/** Another CONNECT heals nothing of these. */
const FINAL: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TERMINAL_OFFLINE', 'INTERNAL', 'DEVICE_NOT_ENROLLED'])

/** Has this meter keys of its own? Then its terminal must not speak for it. */
export function hasOwnSession(terminal: Terminal, meter: string): boolean {
  const found = terminal.record.meters.get(meter)
  return found !== undefined && found.kind === 'meter' && found.securityProfile !== 'plain'
}

export function createMeterSessions({ machine, clientAddress, requestMs, proxySeconds, meterPort, betweenConnectsMs = BETWEEN_CONNECTS_MS, onModules }: MeterSessionOptions): MeterSessions {
  const lastOf = new Map<string, Promise<unknown>>()
  const placesOf = new WeakMap<Terminal, Turnstile>()

  /** One frame to the meter and its answer's APDU. */
  const pass = async (terminal: Terminal, meter: string, lane: Lane, data: Buffer): Promise<Buffer> => {
    const command = encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: meter, client: clientAddress }, data })
    const answer = await terminal.requests.ask({
      lane, timeoutMs: requestMs + proxySeconds * 1000,
      build: (piid): Apdu => ({
        apdu: 'proxy-request', choice: 'trans-command', piid, oad: meterPort, comdcb: COMDCB, frameTimeout: proxySeconds, byteTimeout: 100, command, timeTag: undefined,
      }),
    })
    if (answer.apdu !== 'proxy-response' || answer.choice !== 'trans-command' || !('reply' in answer)) throw new HesError('TERMINAL_TIMEOUT', 'the meter did not answer its terminal')
    const frame = decodeFrame(answer.reply.subarray(answer.reply.findIndex((byte) => byte !== WAKE_UP)))
    if (frame.address.server !== meter) throw new HesError('ADDRESS_MISMATCH', 'another meter answered')
    return Buffer.from(frame.data)
  }

  const sessionOf = (terminal: Terminal, meter: string, lane: Lane, handle: string): MeterSession => {
    const exchange = async (sealed: Uint8Array): Promise<Apdu> => {
      const opened = outcomeValue<'open'>((await machine.open([{ handle, apdu: await pass(terminal, meter, lane, Buffer.from(sealed)) }]))[0])
      // A DAR without protection is only a hint: whoever is on the line can say it.
      if ('hint' in opened) throw new HesError('AUTH_FAILED', 'the answer is not protected')
      if (opened.modules) onModules?.({ address: meter, terminal: terminal.address }, opened.modules)
      if ('dar' in opened) throw new HesError('DEVICE_REFUSED', `the meter refused with DAR ${opened.dar}`, { dar: opened.dar, device: meter })
      return decodeApdu(Buffer.from(opened.apdu))
    }
    return {
      handle, exchange,
      read: async (apdu) => exchange(outcomeValue<'seal'>((await machine.seal([{ handle, apdu: encodeApdu(apdu) }]))[0]).apdu),
      end: () => void machine.endSession([{ handle }]).catch(() => undefined),
    }
  }

  const connect: MeterSessions['connect'] = async (terminal, meter, lane) => {
    const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address: meter, clientAddress, header: OFFER_BYTES }]))[0])
    const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
    const mechanism = opened.mechanism === 'S' ? { kind: 'symmetric' as const, ...fields } : { kind: 'signature' as const, ...fields }
    const response = decodeApdu(await pass(terminal, meter, lane, encodeApdu({ apdu: 'connect-request', piid: PIID, header: OFFER, mechanism, timeTag: undefined })))
    if (response.apdu !== 'connect-response') throw new HesError('RESPONSE_MISMATCH')
    const [outcome] = await machine.connectFinish([{
      exchange: opened.exchange, header2: encodeConnectHeader(response.header), result: response.result,
      ...(response.security ? { rn: response.security.rn, signature: response.security.signature } : {}),
    }])
    const finished = outcomeValue<'connectFinish'>(outcome)
    return 'handle' in finished ? sessionOf(terminal, meter, lane, finished.handle) : undefined
  }

  return {
    alone: (terminal, meter, work) => {
      const places = placesOf.get(terminal) ?? createTurnstile(AT_ONCE)
      placesOf.set(terminal, places)
      const turn = () => places.run(work)
      const mine = (lastOf.get(meter) ?? Promise.resolve()).then(turn, turn)
      const settled = mine.then(() => undefined, () => undefined).finally(() => { if (lastOf.get(meter) === settled) lastOf.delete(meter) })
      lastOf.set(meter, settled)
      return mine
    },
    connect,
    open: async (terminal, meter, lane) => {
      for (let count = 1; ; count += 1) {
        try {
          const session = await connect(terminal, meter, lane)
          if (session) return session
          if (count >= MAX_CONNECTS) throw new HesError('COUNTER', 'the meter answered with its counter every time')
        } catch (error) {
          if (count >= MAX_CONNECTS || FINAL.has(errorCode(error))) throw error
        }
        await new Promise((resolve) => setTimeout(resolve, betweenConnectsMs))
      }
    },
  }
}
