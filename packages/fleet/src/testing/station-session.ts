import { decodeApdu, encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { Apdu, ConnectHeader } from '@zhuzhan/dlt698'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import {
  acceptAnswerF, acceptAnswerS, authenticatedAddressOfNumber, connectF, connectS, deriveKey, handshakeKeys, openRecord, openReport, readKeyFile,
  readRecordResponse, recordRequest, sealRecord, sessionKeysS, signReportAnswer, softStaticKey, taskOf,
} from '@zhuzhan/osp1'
import type { SessionKeys } from '@zhuzhan/osp1'
import { seededRandom } from '../run/random.js'
import type { LaboratoryDevice } from './laboratory-keys.js'

/** The client's half of OSP-1, just enough to talk to a virtual device in a test. */
export interface StationSession {
  connect(exchange: (apdu: Buffer) => Promise<Buffer>): Promise<void>
  seal(apdu: Apdu): Buffer
  /** The inner APDU or DAR. @throws HesError AUTH_FAILED */
  open(bytes: Buffer): { apdu: Apdu } | { dar: number }
  /** An opened report and its authentic answer. @throws HesError AUTH_FAILED */
  report(bytes: Buffer): { apdu: Apdu; confirm(answer: Apdu): Buffer }
}

export function stationSession(engine: Sm2Engine, device: LaboratoryDevice, header: ConnectHeader): StationSession {
  const keys = readKeyFile(device.file)
  const ad = authenticatedAddressOfNumber(keys.address)
  const header1 = encodeConnectHeader(header)
  const context = { clientAddress: 0, ad, dispersion: keys.dispersion, header1, stationId: keys.stationId }
  const random = seededRandom(99)
  let asctr = 0
  let session: SessionKeys | undefined
  let seq = -1
  let task = 3

  async function connect(exchange: (apdu: Buffer) => Promise<Buffer>): Promise<void> {
    asctr++
    const piid = { number: asctr % 64, priority: false, acd: false }
    const connectRequest = (kind: 'symmetric' | 'signature', mechanism: { cipher: Buffer; signature: Buffer }): Buffer =>
      encodeApdu({ apdu: 'connect-request', piid, header, mechanism: { kind, ...mechanism }, timeTag: undefined })
    const answered = async (request: Buffer): Promise<{ header2: Buffer; answer: { rn: Buffer; signature: Buffer } }> => {
      const response = decodeApdu(await exchange(request))
      if (response.apdu !== 'connect-response' || response.result !== 0 || !response.security) throw new Error(`CONNECT: ${JSON.stringify(response)}`)
      return { header2: encodeConnectHeader(response.header), answer: response.security }
    }
    if (device.file.mode === 'S') {
      const [handshake, r1] = [handshakeKeys(keys.keys.session, keys.dispersion), random(16)]
      const request = connectS(handshake, context, r1, asctr)
      const { header2, answer } = await answered(connectRequest('symmetric', request))
      const { r2 } = acceptAnswerS(handshake, context, header2, request, answer, { r1, asctr })
      session = sessionKeysS(keys.keys.session, context, header2, request, answer, { r1, r2, asctr })
    } else {
      const own = softStaticKey(engine, device.station!)
      const rA = await engine.generateKeyPair()
      const request = await connectF(own, context, rA, asctr)
      const { header2, answer } = await answered(connectRequest('signature', request))
      session = (await acceptAnswerF(engine, own, device.devicePublicKey!, context, header2, request, answer, { rA, asctr })).keys
    }
    seq = -1
  }

  return {
    connect,
    seal: (apdu) => {
      const bytes = encodeApdu(apdu)
      task = taskOf(bytes)
      seq++
      return recordRequest(1, seq, task, sealRecord(session!.toServer, { direction: 1, mode: 1, clientAddress: 0, ad, seq, task }, bytes))
    },
    open: (bytes) => {
      const response = decodeApdu(bytes)
      const parts = response.apdu === 'security-response' ? readRecordResponse(response) : undefined
      if (parts === undefined) throw new Error('no record')
      const inner = openRecord(session!.toClient, { direction: 2, mode: parts.mode, clientAddress: 0, ad, seq, task }, parts)
      return parts.mode === 2 ? { dar: inner[0]! } : { apdu: decodeApdu(inner) }
    },
    report: (bytes) => {
      const apdu = decodeApdu(bytes)
      if (apdu.apdu !== 'security-request' || apdu.verification.kind !== 'rn-mac') throw new Error('no report')
      const { rn, mac } = apdu.verification
      const inner = openReport(deriveKey(keys.keys.report, 'reportCipher', keys.dispersion), ad, { form: apdu.form, content: apdu.content, rn, mac })
      const answerKey = deriveKey(keys.keys.report, 'reportAnswer', keys.dispersion)
      return {
        apdu: decodeApdu(inner),
        confirm: (answer) => {
          const content = encodeApdu(answer)
          return encodeApdu({ apdu: 'security-response', form: 'plain', content, mac: signReportAnswer(answerKey, ad, rn, content) })
        },
      }
    },
  }
}

