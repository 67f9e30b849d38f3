import { HesError, errorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoResult } from '@zhuzhan/contracts'
import { CONTROL, decodeApdu, decodeFrame, encodeApdu, encodeConnectHeader, encodeFrame } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { OFFER, OFFER_BYTES } from '../secure/connect-header.js'
import type { Terminal } from '../terminals/terminal.js'
import type { UpdateTurn } from './terminal-update.js'

export interface MeterUpdateOptions {
  machine: CryptoMachine
  clientAddress: number
  requestMs: number
  proxySeconds: number
  /** Port of terminals that meters hang on, OAD. */
  meterPort: string
}

/** Sessions of one turn: new keys, old keys, new keys after the stage, and one for a counter that healed. */
const MAX_CONNECTS = 4
const MAX_STEPS = 4
/** The meter answers one wrong CONNECT a second (OSP-1 §7.12). */
const BETWEEN_CONNECTS_MS = 1_100
/** Bytes a terminal may leave in front of the meter's frame. */
const WAKE_UP = 0xfe
/** The usual meter setting, 9600 8E1; a terminal's carrier port does not heed it. */
const COMDCB = { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 } as const

/**
 * The key update of a meter behind a terminal: in a session of the meter's own, end to end, whose frames travel in PROXY 7 as reads of
 * the terminal (OSP-1 §7.11). Such a session lives for one turn.
 */
export async function updateMeter(terminal: Terminal, meter: string, { machine, clientAddress, requestMs, proxySeconds, meterPort }: MeterUpdateOptions): Promise<UpdateTurn> {
  if (terminal.secure && !terminal.secure.ready) return 'later'

  /** One frame to the meter and its answer's APDU. @throws HesError TERMINAL_TIMEOUT when the meter is silent */
  const exchange = async (data: Buffer): Promise<Buffer> => {
    const command = encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: meter, client: clientAddress }, data })
    const answer = await terminal.requests.ask({
      lane: 'collection', timeoutMs: requestMs + proxySeconds * 1000,
      build: (piid): Apdu => ({
        apdu: 'proxy-request', choice: 'trans-command', piid, oad: meterPort, comdcb: COMDCB, frameTimeout: proxySeconds, byteTimeout: 100,
        command, timeTag: undefined,
      }),
    })
    if (answer.apdu !== 'proxy-response' || answer.choice !== 'trans-command' || !('reply' in answer)) throw new HesError('TERMINAL_TIMEOUT', 'the meter did not answer its terminal')
    const frame = decodeFrame(answer.reply.subarray(answer.reply.findIndex((byte) => byte !== WAKE_UP)))
    if (frame.address.server !== meter) throw new HesError('ADDRESS_MISMATCH', 'another meter answered')
    return Buffer.from(frame.data)
  }

  const connect = async (): Promise<string | undefined> => {
    const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address: meter, clientAddress, header: OFFER_BYTES }]))[0])
    const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
    const mechanism = opened.mechanism === 'S' ? { kind: 'symmetric' as const, ...fields } : { kind: 'signature' as const, ...fields }
    const response = decodeApdu(await exchange(encodeApdu({ apdu: 'connect-request', piid: { number: 1, priority: false, acd: false }, header: OFFER, mechanism, timeTag: undefined })))
    if (response.apdu !== 'connect-response') throw new HesError('RESPONSE_MISMATCH')
    const [outcome] = await machine.connectFinish([{
      exchange: opened.exchange, header2: encodeConnectHeader(response.header), result: response.result,
      ...(response.security ? { rn: response.security.rn, signature: response.security.signature } : {}),
    }])
    const finished = outcomeValue<'connectFinish'>(outcome)
    return 'handle' in finished ? finished.handle : undefined
  }

  /** Steps until the session is of no more use. */
  const steps = async (handle: string): Promise<UpdateTurn> => {
    for (let count = 0; count < MAX_STEPS; count += 1) {
      const due: CryptoResult<'keyUpdateStep'> = outcomeValue<'keyUpdateStep'>((await machine.keyUpdateStep([{ handle, piid: count }]))[0])
      if ('next' in due) return due.next === 'nothing' ? 'over' : 'renewing'
      outcomeValue<'open'>((await machine.open([{ handle, apdu: await exchange(Buffer.from(due.apdu)) }]))[0])
    }
    return 'later'
  }

  let doubt = false
  for (let count = 0; count < MAX_CONNECTS; count += 1) {
    if (doubt) await new Promise((resolve) => setTimeout(resolve, BETWEEN_CONNECTS_MS))
    doubt = true
    let handle: string | undefined
    try {
      handle = await connect()
      if (handle === undefined) continue
      const turn = await steps(handle)
      if (turn !== 'renewing') return turn
      doubt = false
    } catch (error) {
      if (['UNAVAILABLE', 'TERMINAL_OFFLINE', 'INTERNAL', 'KEY_UPDATE_REFUSED', 'DEVICE_NOT_ENROLLED'].includes(errorCode(error))) throw error
      // No answer, or one that is not genuine: a doubt, which a new CONNECT settles.
    } finally {
      if (handle !== undefined) void machine.endSession([{ handle }]).catch(() => undefined)
    }
  }
  return 'later'
}
