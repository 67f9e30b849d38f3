import { DecodeError, Tracer, createStreamSplitter } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import { fromHex, toHex } from '@zhuzhan/core'
import fc from 'fast-check'
import { encodeFrame } from './link/index.js'
import { dlt645 } from './protocol.js'
import { SETTINGS } from './settings.js'
import { linkFrame } from './vectors/arbitraries.js'
import { frameVectors } from './vectors/load.js'

/** Every span with what is known of it, as a tool would print it. */
function described(hex: string): string[] {
  const trace = new Tracer('frame')
  dlt645.toJson(fromHex(hex), { trace })
  const walk = (span: Span, parents: readonly Span[]): string[] => {
    const words = dlt645.describe!(span, parents)
    return [...(words ? [`${span.name}: ${words.en} / ${words.zh}`] : []), ...span.children.flatMap((child) => walk(child, [...parents, span]))]
  }
  return walk(trace.root, [])
}

it.each<[string, string[]]>([
  ['681210785634126891083333343389674533D416', ['control: read, answer / 读数据 应答', 'di: Forward active energy, total / 正向有功电能 总', 'value: 1234.56 kWh / 1234.56 kWh']],
  ['68AAAAAAAAAAAA68110433333433AE16', ['address: wildcard / 通配地址', 'control: read, request / 读数据 请求', 'di: Forward active energy, total / 正向有功电能 总']],
  ['6812107856341268D101350D16', ['control: read, refusal / 读数据 异常应答', 'errors: no requested data / 无请求数据']],
  ['6812107856341268B10A34343938AB8967453333E016', ['control: read, answer, more follows / 读数据 应答 有后续', 'di: Frozen forward active energy, daily, last 1 / 冻结正向有功电能 日冻结 上1次']],
  ['681210785634126891063638333783332B16', [
    'control: read, answer / 读数据 应答', 'di: Run status word 3 / 电表运行状态字3', 'value: relay open, relay command: open / 继电器断开、继电器命令为断',
  ]],
  ['68999999999999681604CCCCCCCCB016', ['address: broadcast / 广播地址', 'control: freeze, request / 冻结命令 请求']],
  ['68111111111111681C1033333333333333334D3357744845384B5516', ['control: relay control, alarm, keep power, request / 跳合闸、报警、保电 请求', 'command: trip / 跳闸']],
])('%s is put into words', (hex, words) => expect(described(hex)).toEqual(words))

it('a block shows its unit at each element', () => {
  const block = encodeFrame({ address: '123456781012', control: { fromMeter: true, abnormal: false, followUp: false, function: 0x11 }, data: fromHex('00FF010200220121') })
  expect(described(toHex(block)).slice(-2)).toEqual(['0: 220.0 V / 220.0 V', '1: 210.1 V / 210.1 V'])
})

it('has a label in both languages for whatever stands in a frame', () => {
  const missing = new Set<string>()
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (typeof value !== 'object' || value === null) return
    for (const [key, member] of Object.entries(value)) {
      if (!Object.hasOwn(dlt645.labels, key)) missing.add(key)
      if (!['values', 'settings', 'dataError', 'item'].includes(key)) walk(member)
    }
  }
  const spans = (span: Span): void => {
    if (!/^\d+$/.test(span.name) && !Object.hasOwn(dlt645.labels, span.name)) missing.add(span.name)
    span.children.forEach(spans)
  }
  fc.assert(fc.property(linkFrame, (frame) => {
    const trace = new Tracer('frame')
    walk(dlt645.toJson(encodeFrame(frame), { trace }))
    trace.root.children.forEach(spans)
  }), { numRuns: 1500 })
  expect([...missing]).toEqual([])
  expect(Object.values(dlt645.labels).filter(({ en, zh }) => en === '' || zh === '')).toEqual([])
})

it('is a protocol like the others', () => {
  const found: string[] = []
  const splitter = createStreamSplitter([dlt645.framing], { onFrame: (bytes, protocol) => found.push(`${protocol} ${toHex(bytes)}`) })
  splitter.push(fromHex(frameVectors[0]!.hex))
  expect(found).toEqual([`dlt645 ${frameVectors[0]!.hex}`])
  expect(dlt645.settings).toBe(SETTINGS)
})

it('refuses with a DecodeError whatever is no frame', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    expect(() => dlt645.toJson(bytes)).toThrow(DecodeError)
    expect(() => dlt645.toJson(bytes, { trace: new Tracer('frame') })).toThrow(DecodeError)
  }), { numRuns: 500 })
})
