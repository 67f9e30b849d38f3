import { Tracer } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import { localVectors, recorded } from '../vectors/load.js'
import { encodeLink } from './link/frame.js'
import { gdw1376_2 } from './protocol.js'
import type { LocalJson } from './protocol.js'

const information = {
  route: false, module: false, relayLevel: 0, channel: 0, phase: 2, channelFeature: 0, commandQuality: 3, answerQuality: 4, event: false, sequence: 9,
}

/** A frame from the module with these data. */
function upward(afn: string, fn: number, data: string): Buffer {
  return encodeLink({ control: { dir: 1, prm: 0, mode: 'hplc' }, information, afn, fn: [fn], data: Buffer.from(data.replaceAll(' ', ''), 'hex') })
}

const dataOf = (afn: string, fn: number, data: string, settings?: Record<string, string>) => (gdw1376_2.toJson(upward(afn, fn, data), settings && { settings }) as LocalJson).data
const a1 = '12 10 78 56 34 12'
const node = '123456781012'

it('topology: level, role and proxy of every node', () => {
  expect(dataOf('10', 21, `03 00 01 00 02 01 00 00 00 00 00 01 00 00 00 40 ${a1} 02 04 01 00 21`)).toEqual({
    total: 3, start: 1,
    nodes: [
      { address: '000000000001', tei: 1, proxyTei: 0, level: 0, role: 'cco' },
      { address: node, tei: 0x402, proxyTei: 1, level: 1, role: 'pco' },
    ],
  })
})

it('phases: one, all three in another order with a fault, none', () => {
  const phases = `03 00 01 00 03 ${a1} 02 00 ${a1} 3F 00 ${a1} 00 80`
  const common = { address: node }
  expect(dataOf('10', 31, phases)).toMatchObject({
    nodes: [
      { ...common, phase: { phases: [2], d3: 0, d4: 0, order: 'abc', meterType: 'single-phase', lineFault: false } },
      { ...common, phase: { phases: [1, 2, 3], d3: 1, d4: 1, order: 'acb', meterType: 'three-phase', lineFault: true } },
      { ...common, phase: { phases: [], order: 'abc', reserved: 0x80 } },
    ],
  })
})

it('phases: D3 and D4 change places when a setting says so', () => {
  const phase = (settings?: Record<string, string>) => (dataOf('10', 31, `01 00 01 00 01 ${a1} 09 00`, settings) as { nodes: { phase: object }[] }).nodes[0]!.phase
  expect(phase()).toMatchObject({ d3: 1, d4: 0, meterType: 'three-phase', lineFault: false })
  expect(phase({ phaseInformation: 'type-in-d4' })).toMatchObject({ d3: 1, d4: 0, meterType: 'single-phase', lineFault: true })
})

it('chip ids by their parts', () => {
  const chip = `01029C01C1FB 05 5A43 0102 1122334455 A1A2A3A4A5A6A7A8`
  const chipId = { prefix: '01029C01C1FB', class: '05', vendor: '5A43', model: '0102', serial: '1122334455', check: 'A1A2A3A4A5A6A7A8' }
  expect(dataOf('10', 112, `01 00 01 00 01 ${a1} 03 ${chip} 0100`)).toEqual({
    total: 1, start: 1, nodes: [{ address: node, deviceType: 'single-phase-unit', chipId, version: '0100' }],
  })
  expect(dataOf('10', 40, `03 ${a1} 01 18 ${chip}`)).toEqual({ deviceType: 'single-phase-unit', address: node, idType: 'chip', chipId })
  expect(dataOf('10', 40, `03 ${a1} 02 0B 1122334455667788990011`)).toEqual({ deviceType: 'single-phase-unit', address: node, idType: 'module', id: '1122334455667788990011' })
})

it('neighbour networks', () => {
  expect(dataOf('10', 111, `02 010000 ${a1} 020000 FFFFFF`)).toEqual({ network: 1, cco: node, neighbours: [2, 16_777_215] })
})

it('power events of meters and of a collector with its meters, rejected nodes, status words', () => {
  expect(dataOf('06', 5, `02 04 0D 02 ${a1} ${a1}`)).toEqual({ device: 'hplc-unit', kind: 'power-event', report: { event: 'on', addresses: [node, node] } })
  expect(dataOf('06', 5, `00 04 0F 01 ${a1} 00 ${a1} 01`)).toEqual({
    device: 'collector', kind: 'power-event', report: { event: 'off', meters: [{ address: node, state: 'dead' }, { address: node, state: 'live' }] },
  })
  expect(dataOf('06', 5, `02 05 08 01 ${a1} 03`)).toEqual({ device: 'hplc-unit', kind: 'rejected-nodes', report: { rejected: [{ address: node, deviceType: 3 }] } })
  expect(dataOf('06', 5, '01 02 02 68 16')).toEqual({ device: 'meter', kind: 'status-word-645-2007', report: { frame: '6816' } })
})

it('a node with its sub-meters', () => {
  expect(dataOf('06', 4, `${a1} 02 0100 00 09 02 ${a1} 02 ${a1} 03`)).toEqual({
    address: node, protocol: 'dlt645-2007', nodeSequence: 1, deviceType: 0, subMeterCount: 9,
    subMeters: [{ address: node, protocol: 'dlt645-2007' }, { address: node, protocol: 'dlt698.45' }],
  })
})

it('the run mode with all its rates', () => {
  const text = `${'00'.repeat(6)} 5A 3C00 0008 0004 05 ${a1} 0004 0200 311219 010120 5A43 4844 311219 0100`
  expect(dataOf('03', 10, `${text} 6400 C800`)).toMatchObject({
    maxTimeout: 90, broadcastTimeout: 60, maxFrame: 2048, maxPacket: 1024, upgradeWait: 5, master: node, maxNodes: 1024, currentNodes: 2,
    protocolDate: '191231', registrationDate: '200101', vendorVersion: { vendor: '5A43', chip: '4844', versionDate: '2019-12-31', version: '0100' }, rates: [100, 200],
  })
})

it('a confirmation with channel states, and a wait', () => {
  const json = gdw1376_2.toJson(upward('00', 1, '03 00 00 80 0A 00')) as LocalJson
  expect(json.data).toEqual({ state: { command: 1, freeChannels: [1, 31] }, wait: 10 })
  expect(json.values).toEqual([{ item: '00 F1 wait', name: 'Wait', nameZh: '等待执行时间', value: '10', unit: 's' }])
})

it('a denial by its meaning', () => {
  const { values } = gdw1376_2.toJson(upward('00', 2, '6D')) as LocalJson
  expect(values).toEqual([{
    item: '00 F2 denied', name: 'Error', nameZh: '错误状态字', value: 'concurrency-exceeded', unit: '',
    meaning: { en: 'more concurrent requests than allowed', zh: '超过最大并发数' },
  }])
})

it('codes that no table has stay numbers', () => {
  expect(dataOf('00', 2, '4D')).toEqual({ denied: 77 })
})

it.each([
  ['no layout', '10', 2, '0102', { offset: 13, expected: 'a known layout of 10 F2 up' }],
  ['a byte too many', '00', 2, '0600', { offset: 14, expected: 'the end' }],
  ['a byte too few', '11', 6, '00', { offset: 13, expected: 'the end' }],
  ['more nodes than bytes', '10', 21, '0300010002', { offset: 17, expected: 'bytes for 2 elements' }],
  ['too many sub-meters', '06', 4, `${a1} 02 0100 00 09 09 ${a1}`, { offset: 24, expected: 'bytes for 9 elements' }],
] as const)('data with %s stay hex and say why', (_, afn, fn, data, dataError) => {
  expect(gdw1376_2.toJson(upward(afn, fn, data))).toMatchObject({ data: data.replaceAll(' ', ''), dataError })
})

it('data of several functions at a time stay hex', () => {
  const link = { control: { dir: 1, prm: 0, mode: 'hplc' }, information, afn: '00', fn: [1, 2], data: Buffer.from([6]) }
  expect(gdw1376_2.toJson(encodeLink(link))).toMatchObject({ fn: [1, 2], data: '06', dataError: { expected: 'a known layout of 00 F1 F2 up' } })
})

it('reserved bits of R come back when a module sets them', () => {
  const bytes = upward('00', 2, '06')
  bytes[4]! |= 0x0a
  bytes[5]! |= 0xf0
  bytes[8]! |= 0xfe
  bytes[bytes.length - 2] = bytes.subarray(3, -2).reduce((sum, byte) => sum + byte, 0) & 0xff
  const json = gdw1376_2.toJson(bytes)
  expect(json).toMatchObject({ information: { reservedD1: 1, reservedD3: 1, reservedChannel: 15, reservedEvent: 127 } })
  expect(gdw1376_2.fromJson(json)).toEqual(bytes)
})

it('says what values stand for', () => {
  const trace = new Tracer('frame')
  gdw1376_2.toJson(recorded(localVectors, 'active report'), { trace })
  const said: Record<string, string> = {}
  const visit = (span: Span, parents: readonly Span[]) => {
    const words = gdw1376_2.describe!(span, parents)
    if (words !== undefined) said[span.name] = words.zh
    for (const child of span.children) visit(child, [...parents, span])
  }
  for (const child of trace.root.children) visit(child, [trace.root])
  expect(said).toEqual({ dir: '通信模块发出', prm: '启动站', mode: '高速载波通信(HPLC)', afn: '主动上报', fn: '上报从节点事件', device: '电能表', kind: '停复电事件', event: '停电' })
})

it('settings say of themselves what they are', () => {
  expect(gdw1376_2.settings!.map(({ name, default: usual, readings }) => [name, usual, Object.keys(readings)])).toEqual([['phaseInformation', 'type-in-d3', ['type-in-d3', 'type-in-d4']]])
})
