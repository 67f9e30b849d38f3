import { toHex } from '@zhuzhan/core'
import { decodeApdu } from '../apdu/decode.js'
import type { Apdu } from '../apdu/apdu.js'
import type { ResultRecord } from '../apdu/records.js'
import type { ResultNormal } from '../apdu/results.js'
import type { TimeTag } from '../apdu/tail.js'
import type { Csd, Data, DateTime, DateTimeS, Ms, Rsd, Ti, Tsa } from '../data/index.js'
import type { LinkFrame } from '../link/index.js'

/** Our values in the words of vectors/frames-dlt698.json, which another decoder wrote. Only for tests. */

const two = (n: number) => String(n).padStart(2, '0')
const moment = (v: DateTimeS) =>
  `${String(v.year).padStart(4, '0')}-${two(v.month)}-${two(v.day)} ${two(v.hour)}:${two(v.minute)}:${two(v.second)}`
const fullMoment = (v: DateTime) => ({ ts: `${moment(v)}.${String(v.millisecond).padStart(3, '0')}`, weekday: v.weekday })
const interval = (ti: Ti) => ({ unit: ['s', 'min', 'h', 'd', 'mon', 'y'][ti.unit], value: ti.value })
const hexByte = (n: number) => n.toString(16).toUpperCase().padStart(2, '0')
const tsaText = (tsa: Tsa) => hexByte(tsa.flag) + tsa.address
const column = (csd: Csd) => 'related' in csd ? csd : csd.oad

const NUMBERS: Record<string, string> = {
  'bool': 'bool', 'double-long': 'int32', 'double-long-unsigned': 'uint32', 'integer': 'int8', 'long': 'int16', 'unsigned': 'uint8',
  'long-unsigned': 'uint16', 'enum': 'enum',
}

function value(data: Data): unknown {
  switch (data.type) {
    case 'null': return null
    case 'array': return { array: data.items.map(value) }
    case 'structure': return { structure: data.items.map(value) }
    case 'bit-string': return { bits: data.bits, hex: data.hex }
    case 'octet-string': return { octets: data.hex }
    case 'visible-string': return { string: data.text }
    case 'date-time-s': return { date_time_s: moment(data.value) }
    case 'oad': return { oad: data.oad }
    case 'tsa': return { tsa: tsaText(data.tsa) }
    case 'ti': return { ti: interval(data.value) }
    case 'csd': return { csd: data.csd }
    case 'ms': return { ms: meterSet(data.ms) }
    default: return { [NUMBERS[data.type] ?? data.type]: 'value' in data ? data.value : data }
  }
}

function meterSet(ms: Ms): unknown {
  switch (ms.choice) {
    case 3: return { choice: 3, items: ms.items.map(tsaText) }
    case 5: case 6: case 7:
      return { choice: ms.choice, items: ms.items.map((region) => ({ unit: region.kind, start: value(region.from), end: value(region.to) })) }
    default: return ms
  }
}

function selector(rsd: Rsd): unknown {
  switch (rsd.selector) {
    case 1: return { ...rsd, value: value(rsd.value) }
    case 2: return { ...rsd, from: value(rsd.from), to: value(rsd.to), interval: value(rsd.interval) }
    case 7: return { selector: 7, from: moment(rsd.from), to: moment(rsd.to), interval: interval(rsd.interval), ms: meterSet(rsd.ms) }
    case 10: return { selector: 10, last: rsd.n, ms: meterSet(rsd.ms) }
    default: return rsd
  }
}

const result = (r: ResultNormal) => 'dar' in r ? r : { oad: r.oad, data: value(r.data) }
const record = (r: ResultRecord) => ({
  oad: r.oad, columns: r.rcsd.map(column), ...('dar' in r ? { dar: r.dar } : { rows: r.rows.map((row) => row.map(value)) }),
})
const timeTag = (tag: TimeTag | undefined) => tag === undefined ? null : { sent: moment(tag.sent), allowedDelay: interval(tag.delay) }

/** Members of every service that has them. */
function common(name: string, apdu: { piid: { number: number; priority: boolean; acd: boolean }; choice?: string; timeTag?: TimeTag | undefined }, choices?: readonly string[]) {
  const { number, priority, acd } = apdu.piid
  return {
    apdu: name,
    ...(choices && { choice: choices.indexOf(apdu.choice!) + 1 }),
    piid: { priority: Number(priority), acd: Number(acd), number },
    timeTag: timeTag(apdu.timeTag),
  }
}

const LIST = ['normal', 'normal-list', 'then-get-list']
const GET = ['normal', 'normal-list', 'record', 'record-list', 'next', 'md5']
const PROXY = ['get-list', 'get-record', 'set-list', 'set-then-get-list', 'action-list', 'action-then-get-list', 'trans-command']

export function apduFacts(apdu: Apdu): Record<string, unknown> {
  switch (apdu.apdu) {
    case 'link-request': {
      const { piid, ...rest } = common('LINK-Request', apdu)
      delete (rest as { timeTag?: unknown }).timeTag
      return { ...rest, piidAcd: piid, type: apdu.kind, heartbeat_s: apdu.heartbeatSeconds, requestTime: fullMoment(apdu.time) }
    }
    case 'link-response': {
      const { timeTag: _none, ...rest } = common('LINK-Response', apdu)
      return {
        ...rest,
        result: { raw: hexByte(apdu.result), clockTrusted: apdu.result >> 7, code: apdu.result & 7 },
        requestTime: fullMoment(apdu.requestTime), receiveTime: fullMoment(apdu.receiveTime), responseTime: fullMoment(apdu.responseTime),
      }
    }
    case 'connect-request': return {
      ...common('CONNECT-Request', apdu), ...header(apdu.header),
      mechanism: apdu.mechanism.kind === 'symmetric' ? 'symmetry' : apdu.mechanism.kind,
      ...('cipher' in apdu.mechanism && { ciphertext: toHex(apdu.mechanism.cipher), clientSignature: toHex(apdu.mechanism.signature) }),
    }
    case 'connect-response': return {
      ...common('CONNECT-Response', apdu), ...header(apdu.header), factory: factory(apdu.factory), connectResult: apdu.result, followReport: null,
      securityData: apdu.security ? { serverRN: toHex(apdu.security.rn), serverSignature: toHex(apdu.security.signature) } : null,
    }
    case 'get-request': return {
      ...common('GET-Request', apdu, GET),
      ...('oad' in apdu && { oad: apdu.oad }), ...('oads' in apdu && { oads: apdu.oads }),
      ...('record' in apdu && { record: { oad: apdu.record.oad, rsd: selector(apdu.record.rsd), rcsd: apdu.record.rcsd.map(column) } }),
    }
    case 'get-response': return {
      ...common('GET-Response', apdu, GET), followReport: null,
      ...('result' in apdu && { result: result(apdu.result) }), ...('results' in apdu && { results: apdu.results.map(result) }),
      ...('record' in apdu && { record: record(apdu.record) }),
    }
    case 'set-request': return {
      ...common('SET-Request', apdu, LIST),
      ...('oad' in apdu ? { oad: apdu.oad, data: value(apdu.data) } : { items: apdu.items.map((item) => ({ ...item, data: value(item.data) })) }),
    }
    case 'set-response': return {
      ...common('SET-Response', apdu, LIST), followReport: null, ...('oad' in apdu ? { oad: apdu.oad, dar: apdu.dar } : { items: apdu.results }),
    }
    case 'action-request': return {
      ...common('ACTION-Request', apdu, LIST), ...('omd' in apdu && { omd: apdu.omd, param: value(apdu.parameter) }),
    }
    case 'action-response': return {
      ...common('ACTION-Response', apdu, LIST), followReport: null,
      ...('omd' in apdu && { omd: apdu.omd, dar: apdu.dar, ...(apdu.data && { data: value(apdu.data) }) }),
    }
    case 'report-notification': return {
      ...common('REPORT-Notification', apdu, ['normal-list', 'record-list', 'transparent']), followReport: null,
      ...('records' in apdu && { records: apdu.records.map(record) }),
    }
    case 'report-response': return {
      ...common('REPORT-Response', apdu, ['normal-list', 'record-list', 'transparent']), ...('oads' in apdu && { oads: apdu.oads }),
    }
    case 'proxy-request': return { ...common('PROXY-Request', apdu, PROXY), ...proxyWork(apdu) }
    case 'proxy-response': return {
      ...common('PROXY-Response', apdu, PROXY), followReport: null, ...('reply' in apdu && { port: apdu.oad, data: toHex(apdu.reply) }),
    }
    case 'security-request': {
      const v = apdu.verification
      return {
        apdu: 'SECURITY-Request', unit: unitOf(apdu.form), inner: apduFacts(decodeApdu(apdu.content)), verification: v.kind.toUpperCase().replace('-', '_'),
        ...('rn' in v && { rn: toHex(v.rn) }), ...('sid' in v && { sid: v.sid, attached: toHex(v.attach) }), ...('mac' in v && { mac: toHex(v.mac) }),
      }
    }
    case 'security-response': return {
      apdu: 'SECURITY-Response', unit: unitOf(apdu.form), ...('content' in apdu && inner(apdu.content)), ...(apdu.mac && { mac: toHex(apdu.mac) }),
    }
    default: throw new Error(`no vector has ${apdu.apdu}`)
  }
}

/** One vector carries an APDU with a byte too many. */
function inner(content: Buffer): Record<string, unknown> {
  const apdu = decodeApdu(content, { tolerant: true })
  return apdu.leftOff ? { payload: toHex(content), innerError: `trailing ${apdu.leftOff.trailing}` } : { inner: apduFacts(apdu) }
}

const unitOf = (form: string) => form === 'plain' ? 'plaintext' : 'ciphertext'

function header(h: Extract<Apdu, { apdu: 'connect-request' }>['header']) {
  return {
    version: h.version, protocolConformance: h.protocolConformance, functionConformance: h.functionConformance,
    maxSend: h.sendSize, maxRecv: h.receiveSize, window: h.window, maxApdu: h.apduSize, timeout_s: h.timeoutSeconds,
  }
}

function factory(hex: string) {
  const text = Buffer.from(hex, 'hex').toString('latin1')
  return {
    manufacturer: text.slice(0, 4), softVersion: text.slice(4, 8), softDate: text.slice(8, 14),
    hardVersion: text.slice(14, 18), hardDate: text.slice(18, 24), ext: text.slice(24),
  }
}

function proxyWork(apdu: Extract<Apdu, { apdu: 'proxy-request' }>): Record<string, unknown> {
  switch (apdu.choice) {
    case 'get-list': return { timeout_s: apdu.timeout, targets: apdu.targets.map((t) => ({ tsa: tsaText(t.tsa), timeout_s: t.timeout, items: t.oads })) }
    case 'set-list': return {
      timeout_s: apdu.timeout,
      targets: apdu.targets.map((t) => ({ tsa: tsaText(t.tsa), timeout_s: t.timeout, items: t.items.map((i) => ({ oad: i.oad, data: value(i.data) })) })),
    }
    case 'action-list': return {
      timeout_s: apdu.timeout,
      targets: apdu.targets.map((t) => ({
        tsa: tsaText(t.tsa), timeout_s: t.timeout, items: t.actions.map((a) => ({ omd: a.omd, param: value(a.parameter) })),
      })),
    }
    case 'trans-command': return {
      port: apdu.oad, comdcb: Object.values(apdu.comdcb), frameTimeout_s: apdu.frameTimeout, byteTimeout_ms: apdu.byteTimeout,
      command: toHex(apdu.command),
    }
    default: throw new Error(`no vector has ${apdu.choice}`)
  }
}

/** Control and address of a frame; `bytes` for what LinkFrame does not repeat. */
export function linkFacts(frame: LinkFrame, bytes: Buffer) {
  const { control, address } = frame
  const header = 7 + (bytes[4]! & 0x0f)
  return {
    length: bytes.length - 2,
    control: {
      raw: hexByte(bytes[3]!), dir: control.dir, prm: control.prm, segment: Number(control.segmented), scramble: Number(control.scrambled),
      func: control.fn,
    },
    address: {
      type: ['single', 'wildcard', 'group', 'broadcast'].indexOf(address.type), logicalAddress: address.logical,
      // The other decoder took the extended logical address for the last SA byte.
      sa: address.server + (address.extended === undefined ? '' : hexByte(address.extended)),
      ca: hexByte(address.client),
    },
    hcs: toHex(bytes.subarray(header, header + 2)),
    fcs: toHex(bytes.subarray(-3, -1)),
  }
}
