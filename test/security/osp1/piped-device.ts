import { randomBytes } from 'node:crypto'
import type { CryptoMachine, CryptoResult } from '@zhuzhan/contracts'
import { systemClock } from '@zhuzhan/core'
import { decodeApdu, encodeApdu, encodeConnectHeader, epochToDateTimeS } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { createOsp1Device, memoryStore, readKeyFile } from '@zhuzhan/osp1'
import type { DeviceKeys } from '@zhuzhan/osp1'
import { OFFER, STATION, connectRequest } from './adversary.js'
import { ask } from './office.js'

const piid = { number: 1, priority: false, acd: false }
export const GET_CLOCK = encodeApdu({ apdu: 'get-request', choice: 'normal', piid, oad: '40000200', timeTag: undefined })

const REPORT = encodeApdu({ apdu: 'report-notification', choice: 'normal-list', piid, results: [{ oad: '00100201', data: { type: 'double-long-unsigned', value: 12_345 } }], followReport: undefined, timeTag: undefined })
export const REPORT_RESPONSE = encodeApdu({ apdu: 'report-response', choice: 'normal-list', piid, oads: ['00100201'], timeTag: undefined })

/** A virtual device in front of a running crypto machine, with nothing between them but what a test puts there. */
export interface PipedDevice {
  address: string
  keys: DeviceKeys
  /** First bytes of the APDUs it carried out, reads of its clock excepted. */
  acted: string[]
  /** How far its clock is ahead, ms. */
  skew: number
  receive(apdu: Uint8Array): Promise<Buffer | undefined>
  /** CONNECT-Request and the exchange it belongs to. */
  open(): Promise<{ exchange: string; request: Buffer }>
  finish(exchange: string, response: ConnectResponse): Promise<CryptoResult<'connectFinish'>>
  /** A session whose first record read the clock. */
  connect(): Promise<string>
  /** A report of the device, sealed. */
  report(): Promise<Buffer>
  /** Seal, let the device answer, open. */
  exchange(handle: string, apdu?: Uint8Array): Promise<CryptoResult<'open'>>
}

export async function pipedDevice(port: CryptoMachine, engine: Sm2Engine, address: string, mode: 'S' | 'F'): Promise<PipedDevice> {
  const keys = readKeyFile(await ask(port, 'issueKeys', { address, mode }))
  const now = (): number => systemClock.now() + one.skew
  const act = async (apdu: Buffer): Promise<Buffer> => {
    if (apdu[0] === 0x05) return encodeApdu({ apdu: 'get-response', choice: 'normal', piid, result: { oad: '40000200', data: { type: 'date-time-s', value: epochToDateTimeS(now(), 480) } }, followReport: undefined, timeTag: undefined })
    one.acted.push(apdu.subarray(0, 1).toString('hex'))
    return encodeApdu({ apdu: 'action-response', choice: 'normal', piid, omd: '80008100', dar: 0, data: undefined, followReport: undefined, timeTag: undefined })
  }
  const device = await createOsp1Device({
    keys, engine, store: memoryStore(), clock: systemClock, random: randomBytes, header: OFFER, factory: '30'.repeat(32), act, localTime: () => now(),
  })
  const one: PipedDevice = {
    address, keys, acted: [], skew: 0,
    receive: (apdu) => device.receive({ address: { type: 'single', logical: 0, server: address, client: STATION }, apdu }),
    async open() {
      const opened = await ask(port, 'connectOpen', { address, clientAddress: STATION, header: encodeConnectHeader(OFFER) })
      return { exchange: opened.exchange, request: connectRequest(opened.mechanism === 'S' ? 'symmetric' : 'signature', { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }) }
    },
    finish: (exchange, { header, result, security }) =>
      ask(port, 'connectFinish', { exchange, header2: encodeConnectHeader(header), result, ...(security && { rn: security.rn, signature: security.signature }) }),
    async connect() {
      const { exchange, request } = await one.open()
      const finished = await one.finish(exchange, decodeApdu((await one.receive(request))!) as ConnectResponse)
      if (!('handle' in finished)) throw new Error('counter answer')
      await one.exchange(finished.handle)
      return finished.handle
    },
    report: async () => (await device.sealReport(REPORT)).apdu,
    async exchange(handle, apdu = GET_CLOCK) {
      const sealed = await ask(port, 'seal', { handle, apdu })
      return ask(port, 'open', { handle, apdu: (await one.receive(sealed.apdu))! })
    },
  }
  return one
}
