import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, IssuedKeys } from '@zhuzhan/contracts'
import { HesError, errorCode, systemClock } from '@zhuzhan/core'
import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { Apdu, ConnectHeader } from '@zhuzhan/dlt698'
import { createOsp1Device, memoryStore, parseSecurityRequest, readKeyFile } from '@zhuzhan/osp1'
import type { DeviceKeys, Osp1Device, SessionKeys } from '@zhuzhan/osp1'
import type { SessionWitness } from './session-witness.js'
import type { WireLedger } from './wire-ledger.js'

/** What a device and its front end keep doing; and what is left of it for the adversary to try again later. */
export interface LoadedDevice {
  keys: DeviceKeys
  /** Handles of former sessions, exchanges and reports, and answers of former sessions, newest last. */
  old: { handles: string[]; exchanges: string[]; reportTokens: string[]; answers: Buffer[]; reports: Buffer[] }
  /** The session it has now. */
  handle: string | undefined
  /** When something last came of a CONNECT, monotonic ms. */
  connectedAt: number
  /** Works until told to stop; a machine that is away is waited for. */
  run(stopped: () => boolean): Promise<void>
}

const CLIENT = 0x10
const RECORDS_A_SESSION = 12
const KEPT = 8
const OFFER: ConnectHeader = {
  version: 0x16, protocolConformance: 'FFFFFFFFC0000000', functionConformance: 'FFFEC400000000000000000000000000',
  sendSize: 1024, receiveSize: 1024, window: 1, apduSize: 2000, timeoutSeconds: 7200,
}
const piid = { number: 1, priority: false, acd: false }
const GET = encodeApdu({ apdu: 'get-request', choice: 'normal', piid, oad: '40000200', timeTag: undefined })
const REPORT_RESPONSE = encodeApdu({ apdu: 'report-response', choice: 'normal-list', piid, oads: ['00100201'], timeTag: undefined })
/** What a caller may meet while the machine dies and comes back; anything else is a finding. */
const AWAY = new Set(['UNAVAILABLE', 'SESSION_UNKNOWN', 'COUNTER', 'BUSY'])

export interface LoadOptions {
  machine: CryptoMachine
  witness: SessionWitness
  ledger: WireLedger
  /** Its window of reports is the machine's; a second device in the same place cannot share it. */
  reports?: boolean
}

export async function loadedDevice(file: IssuedKeys, { machine, witness, ledger, reports = true }: LoadOptions): Promise<LoadedDevice> {
  const keys = readKeyFile(file)
  const { address } = keys
  let said = 0
  const device: Osp1Device = await createOsp1Device({
    keys, engine: witness.engine, store: memoryStore(), clock: systemClock, random: randomBytes, header: OFFER, factory: '30'.repeat(32),
    // No answer is like another, so that one in the wrong place is noticed.
    act: async () => encodeApdu(answerWith(address, (said += 1))),
  })
  const receive = (apdu: Uint8Array): Promise<Buffer | undefined> => device.receive({ address: { type: 'single', logical: 0, server: address, client: CLIENT }, apdu })
  const keep = <T>(list: T[], one: T): void => {
    list.push(one)
    if (list.length > KEPT) list.shift()
  }

  const one: LoadedDevice = {
    keys, handle: undefined, connectedAt: 0,
    old: { handles: [], exchanges: [], reportTokens: [], answers: [], reports: [] },
    async run(stopped) {
      while (!stopped()) {
        try {
          await session(stopped)
        } catch (error) {
          one.handle = undefined
          if (!(error instanceof HesError) || !AWAY.has(error.code)) ledger.violation(`${address}: ${errorCode(error)} ${String(error)}`)
          await sleep(25)
        }
      }
    },
  }

  const session = async (stopped: () => boolean): Promise<void> => {
    const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address, clientAddress: CLIENT, header: encodeConnectHeader(OFFER) }]))[0])
    const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
    const mechanism = opened.mechanism === 'S' ? { kind: 'symmetric' as const, ...fields } : { kind: 'signature' as const, ...fields }
    const request = encodeApdu({ apdu: 'connect-request', piid, header: OFFER, mechanism, timeTag: undefined })
    keep(one.old.exchanges, opened.exchange)
    await ledger.connect(keys, CLIENT, request)
    const response = await receive(request)
    const answer = response && decodeApdu(response)
    // A device that was asked too often in a second keeps silent.
    if (answer?.apdu !== 'connect-response' || !answer.security) return void (await sleep(200))
    const finished = outcomeValue<'connectFinish'>((await machine.connectFinish([{
      exchange: opened.exchange, header2: encodeConnectHeader(answer.header), result: answer.result, rn: answer.security.rn, signature: answer.security.signature,
    }]))[0])
    if (!('handle' in finished)) return
    const made = await witness.keysOf(keys, CLIENT, request, response!)
    ledger.session(keys, made)
    one.handle = finished.handle
    one.connectedAt = performance.now()
    keep(one.old.handles, finished.handle)
    for (let n = 0; n < RECORDS_A_SESSION && !stopped(); n += 1) await (reports && n % 4 === 3 ? report() : record(finished.handle, made))
  }

  const record = async (handle: string, made: SessionKeys): Promise<void> => {
    const sealed = outcomeValue<'seal'>((await machine.seal([{ handle, apdu: GET }]))[0])
    ledger.sealed(keys, made, sealed.apdu)
    const answer = await receive(sealed.apdu)
    if (!answer) throw new Error('the device did not answer its own session')
    const expected = encodeApdu(answerWith(address, said))
    keep(one.old.answers, answer)
    const opened = outcomeValue<'open'>((await machine.open([{ handle, apdu: answer }]))[0])
    if (!('apdu' in opened) || !expected.equals(opened.apdu)) ledger.violation(`${address}: the machine opened something else than the device said`)
  }

  const report = async (): Promise<void> => {
    const result = { oad: '00100201', data: { type: 'double-long-unsigned' as const, value: 1 } }
    const sent = await device.sealReport(encodeApdu({ apdu: 'report-notification', choice: 'normal-list', piid, results: [result], followReport: undefined, timeTag: undefined }))
    keep(one.old.reports, sent.apdu)
    const rn = rnOf(sent.apdu)
    const opened = outcomeValue<'openReport'>((await machine.openReport([{ address, apdu: sent.apdu }]))[0])
    if (opened.state === 'new') ledger.reportNew(keys, rn)
    keep(one.old.reportTokens, opened.token)
    const confirmed = outcomeValue<'confirmReport'>((await machine.confirmReport([{ address, token: opened.token, apdu: REPORT_RESPONSE }]))[0])
    ledger.reportAnswered(keys, rn)
    if (device.confirmReport(confirmed.apdu)?.id !== sent.id) ledger.violation(`${address}: the confirmation is not of its report`)
  }
  return one
}

export function rnOf(report: Uint8Array): Buffer {
  const request = parseSecurityRequest(report)
  if (request?.verification.kind !== 'rn-mac') throw new Error('no report')
  return request.verification.rn
}

/** A reading nobody else gives: the device's number and a count. */
function answerWith(address: string, count: number): Apdu {
  const data = { type: 'octet-string' as const, hex: `${address}${count.toString(16).toUpperCase().padStart(8, '0')}` }
  return { apdu: 'get-response', choice: 'normal', piid, result: { oad: '40000200', data }, followReport: undefined, timeTag: undefined }
}

export { CLIENT, GET, OFFER, REPORT_RESPONSE }
