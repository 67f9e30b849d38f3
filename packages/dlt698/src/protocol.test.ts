import { Tracer } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import fc from 'fast-check'
import { encodeApdu } from './apdu/decode.js'
import { CONTROL, encodeFrame } from './link/index.js'
import { dlt698 } from './protocol.js'
import { anyApdu, data } from './vectors/arbitraries.js'
import { frameVectors } from './vectors/load.js'

const address = { type: 'single', logical: 0, server: '000000000001', client: 0 } as const
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

function traced(bytes: Uint8Array, settings?: Record<string, string>): { root: Span; json: Record<string, unknown> } {
  const trace = new Tracer('frame')
  const json = dlt698.toJson(bytes, { trace, ...(settings && { settings }) }) as Record<string, unknown>
  return { root: trace.root, json }
}

/** Spans with their parents, outermost first. */
function all(span: Span, parents: Span[] = []): { span: Span; parents: Span[] }[] {
  return [{ span, parents }, ...span.children.flatMap((child) => all(child, [...parents, span]))]
}
const find = (root: Span, name: string) => all(root).find(({ span }) => span.name === name)!
const said = (root: Span, name: string, nth = 0) => {
  const { span, parents } = all(root).filter((one) => one.span.name === name)[nth]!
  return dlt698.describe!(span, parents)
}

/** Why a tree of spans cannot be: children leave their parent, or stand before their elder sister ends. */
function faults(root: Span, size: number): string[] {
  return all(root).flatMap(({ span, parents }) => {
    const outer = parents.at(-1)
    const wrong = span.from > span.to || span.to > size || (outer !== undefined && (span.from < outer.from || span.to > outer.to))
    const sisters = span.children.filter((child, i) => i > 0 && child.from < span.children[i - 1]!.from)
    return wrong || sisters.length > 0 ? [`${parents.map((p) => p.name).join('.')}.${span.name} ${span.from}-${span.to}`] : []
  })
}

function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(names)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => [key, ...names(member)])
}

const frameOf = (apdu: Buffer) => encodeFrame({ control: CONTROL.serverResponse, address, data: apdu })
const piid = { number: 1, priority: false, acd: false }

it('says where each field of a frame stands', () => {
  const { root } = traced(hex('FEFE 6817004305010000000000 1026F60501002000020000E5BE16'))
  expect(root.children.map(({ name, from, to }) => [name, from, to])).toEqual([
    ['wakeUp', 0, 2], ['start', 2, 3], ['length', 3, 5], ['control', 5, 6], ['address', 6, 14], ['hcs', 14, 16], ['apdu', 16, 24], ['fcs', 24, 26], ['end', 26, 27],
  ])
  expect(find(root, 'oad').span).toMatchObject({ from: 19, to: 23, value: '20000200' })
  expect([root.from, root.to]).toEqual([0, 27])
})

it.each(frameVectors.map((v, i) => [i, v.hex]))('spans of recorded entry %i lie inside each other and reach the last byte', (_, text) => {
  const bytes = hex(text as string)
  const { root } = traced(bytes)
  expect(faults(root, bytes.length)).toEqual([])
  const covered = new Set(all(root).filter(({ span }) => span.children.length === 0).flatMap(({ span }) => Array.from({ length: span.to - span.from }, (_x, i) => span.from + i)))
  // What no leaf covers: counts, presence and choice bytes in front of the members they announce.
  expect(covered.size).toBeGreaterThan(bytes.length / 2)
})

it('gives the same with and without a trace, and spans that lie inside each other', () => {
  fc.assert(fc.property(anyApdu, (apdu) => {
    const bytes = frameOf(encodeApdu(apdu))
    const { root, json } = traced(bytes)
    expect(faults(root, bytes.length)).toEqual([])
    expect(json).toEqual(dlt698.toJson(bytes))
  }), { numRuns: 500 })
})

it('has a label in both languages for every member and every span', () => {
  const missing = new Set<string>()
  const look = (bytes: Buffer) => {
    const { root, json } = traced(bytes)
    for (const name of [...names(json), ...all(root).map(({ span }) => span.name)]) {
      if (!/^[0-9]+$/.test(name) && dlt698.labels[name] === undefined) missing.add(name)
    }
  }
  for (const { hex: text } of frameVectors) look(hex(text))
  for (const apdu of fc.sample(anyApdu, { numRuns: 500, seed: 1 })) look(frameOf(encodeApdu(apdu)))
  for (const value of fc.sample(data, { numRuns: 500, seed: 1 })) {
    look(frameOf(encodeApdu({ apdu: 'get-response', choice: 'normal', piid, result: { oad: '40000200', data: value } })))
  }
  look(frameOf(hex('45010203')))
  look(frameOf(hex('9000 02 0501 01 01 801C3110 02 0014 04 738DEEC5')))
  expect([...missing]).toEqual([])
})

it('shows what was read before an error, and where reading stopped', () => {
  const bytes = frameOf(hex('8501 01 20000200 01 0102 12 08C1 FF'))
  const { root, json } = traced(bytes)
  expect(json).toMatchObject({ data: '8501012000020001010212' + '08C1FF', apduError: { offset: 13, expected: 'a type' } })
  const value = find(root, 'data').span
  expect(value).not.toHaveProperty('value')
  expect(find(root, 'oad').span.value).toBe('20000200')
  expect(faults(root, bytes.length)).toEqual([])
  const broken = new Tracer('frame')
  expect(() => dlt698.toJson(hex('6817004305010000000000 1026F7'), { trace: broken })).toThrow('at byte 1')
  expect(broken.root.children.map(({ name }) => name)).toEqual(['start'])
})

it('goes into the plain content of a security wrapper', () => {
  const bytes = hex(frameVectors.find((v) => v.description.includes('verification SID_MAC'))!.hex)
  const { root } = traced(bytes)
  const { span, parents } = all(root).find((one) => one.span.name === 'oad')!
  expect(span.value).toBe('40030200')
  expect(bytes.subarray(span.from, span.to).toString('hex')).toBe('40030200')
  expect(parents.map((p) => p.name)).toEqual(['frame', 'apdu', 'content'])
})

it('does not open wrappers in wrappers without end', () => {
  let apdu = hex('0501 00 20000200 00')
  for (let i = 0; i < 1500; i++) apdu = Buffer.concat([hex('1000'), apdu.length < 0x80 ? Buffer.of(apdu.length) : Buffer.of(0x82, apdu.length >> 8, apdu.length & 255), apdu, hex('01 00')])
  const bytes = frameOf(apdu)
  expect(dlt698.fromJson(dlt698.toJson(bytes))).toEqual(bytes)
})

describe('describe', () => {
  it.each([
    ['the sender', '8501 01 20000201 00 21 0000', 'dir', 'server to client', '服务器发出', 0],
    ['a service', '8501 01 20000201 00 21 0000', 'apdu', 'GET-Response', '读取响应', 0],
    ['a sub-service', '8501 01 20000201 00 21 0000', 'choice', 'one attribute or method', '单个对象', 0],
    ['an attribute', '8501 01 20000201 00 21 0000', 'oad', 'Voltage, phase A', '电压 A相', 0],
    ['a result', '8501 01 20000201 00 21 0000', 'dar', 'request timed out', '请求超时', 0],
    ['a type', '8501 01 20000201 01 12 08C1 0000', 'type', 'long-unsigned', '16位无符号整数', 1],
    ['a moment', '8501 01 40000200 01 1C 07EA0A070E101A 0000', 'value', '2026-10-07T14:16:26', '2026-10-07T14:16:26', 0],
    ['a method', '8701 01 80008100 00 00 0000', 'omd', 'Remote control, Trip', '遥控 跳闸', 0],
    ['a scaled value', '8501 01 20000201 01 12 08C1 0000', 'value', '224.1 V', '224.1 V', 0],
    ['an element', '8501 01 20000200 01 01 02 12 08C1 12 FFFF 0000', '1', 'phase B: no value', 'B相: 无数据', 0],
    ['a value without a number', '8501 01 20000201 01 12 FFFF 0000', 'value', 'no value', '无数据', 0],
    ['a member', '0601 01 45000200 0202 16 01 16 02 00', '0', 'working mode: 1 client', '工作模式: 1 客户机模式', 0],
    ['a parameter', '0701 01 80008100 01 01 02 04 51 F2050201 11 05 12 0000 03 00 00', '1', 'alarm delay: 5 min', '告警延时: 5 min', 0],
    ['a cell', '8503 01 50040200 02 00 20210200 00 00100201 01 01 1C 07EA0A05000000 06 000900B0 0000', 'value', '5900.00 kWh', '5900.00 kWh', 1],
    ['a selector', '0503 00 50040200 09 01 00 00', 'selector', 'the n-th most recent row', '上第n次记录', 0],
    ['a time tag', '0501 00 20000200 01 07E2090B0A1315 0100C8', 'delay', '200 min', '200分', 0],
    ['a link result', '81 00 80 07E602170308050202F9 07E60217030806090032 07E60217030806090032', 'result', 'success, clock trusted', '成功, 时钟可信', 0],
    ['an error', '6E 01 02 00', 'type', 'service not supported', '服务不支持', 1],
  ] as const)('names %s', (_, apdu, name, en, zh, nth) => {
    expect(said(traced(frameOf(hex(apdu))).root, name, nth)).toEqual({ en, zh })
  })

  it('names the parts of a CONNECT-Response', () => {
    const { root } = traced(hex(frameVectors.find((v) => v.description.includes('CONNECT-Response'))!.hex))
    expect(said(root, 'result')).toEqual({ en: 'accepted', zh: '允许建立应用连接' })
    expect(said(root, 'protocolConformance')!.en).toContain('GET Normal, GET list')
    expect(said(root, 'factory')!.en).toMatch(/^manufacturer .*software version/)
  })

  it('never fails, and says nothing of what it does not know', () => {
    fc.assert(fc.property(anyApdu, (apdu) => {
      for (const { span, parents } of all(traced(frameOf(encodeApdu(apdu))).root)) {
        const words = dlt698.describe!(span, parents)
        if (words !== undefined) expect([words.en, words.zh]).not.toContain('')
      }
    }), { numRuns: 300 })
    expect(said(traced(frameOf(hex('8501 01 FFFF0201 01 12 08C1 0000'))).root, 'oad')).toBeUndefined()
  })
})
