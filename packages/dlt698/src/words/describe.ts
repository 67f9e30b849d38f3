import type { Span, Words } from '@zhuzhan/codec'
import { darName } from '../catalogue/dar.js'
import { oadName, oiName, omdName } from '../catalogue/names.js'
import { SIDS } from '../catalogue/security-modes.js'
import { UNITS } from '../catalogue/units.js'
import type { DateTime, Ti } from '../data/index.js'
import { CONNECT_RESULTS, ERROR_TYPES, FACTORY_PARTS, FUNCTION_CONFORMANCE, LINK_RESULTS, PROTOCOL_CONFORMANCE, bitNames } from './association.js'
import { describeData } from './data.js'
import { intervalText, momentText } from './moments.js'
import { ADDRESS_TYPES, CHOICES, KINDS, METER_SETS, SEGMENTS, SELECTORS, SERVICES, TYPES } from './services.js'

type Parents = readonly Span[]
type Describe = (value: unknown, parents: Parents, span: Span) => Words | undefined

const same = (text: string): Words => ({ en: text, zh: text })
const parent = (parents: Parents): string => parents.at(-1)?.name ?? ''
const looked = (table: object): Describe => (value) =>
  typeof value === 'string' || typeof value === 'number' ? (table as Readonly<Record<string | number, Words>>)[value] : undefined
const counted = (en: string, zh: string): Describe => (value) => typeof value === 'number' ? { en: `${value} ${en}`, zh: `${value}${zh}` } : undefined

/** The service the member belongs to: the innermost `apdu` that was read before it. */
function service(parents: Parents): string {
  for (let i = parents.length - 1; i >= 0; i--) {
    const leaf = parents[i]!.children.find((child) => child.name === 'apdu' && typeof child.value === 'string')
    if (leaf) return leaf.value as string
  }
  return ''
}

const attribute: Describe = (value) => typeof value === 'string' ? oadName(value) : undefined

const result: Describe = (value, parents) => {
  if (typeof value !== 'number') return undefined
  switch (service(parents)) {
    case 'link-response': {
      const code = LINK_RESULTS[value & 7] ?? same(`code ${value & 7}`)
      return value < 0x80 ? code : { en: `${code.en}, clock trusted`, zh: `${code.zh}, 时钟可信` }
    }
    case 'connect-response': return CONNECT_RESULTS[value]
    default: return value === 0 ? { en: 'success', zh: '成功' } : undefined
  }
}

const factory: Describe = (value) => {
  if (typeof value !== 'string') return undefined
  const text = Buffer.from(value, 'hex').toString('latin1')
  let at = 0
  const parts = FACTORY_PARTS.map(([size, words]) => {
    const content = text.slice(at, at += size).replace(/[\0 ]+$/, '')
    return { en: `${words.en} ${content}`, zh: `${words.zh} ${content}` }
  })
  return { en: parts.map(({ en }) => en).join(', '), zh: parts.map(({ zh }) => zh).join(', ') }
}

const conformance = (names: Readonly<Record<number, Words>>): Describe => (value) => typeof value === 'string' ? bitNames(value, names) : undefined

const type: Describe = (value, parents) => {
  if (typeof value === 'string') return value in TYPES ? { en: value, zh: TYPES[value]! } : undefined
  if (typeof value !== 'number') return undefined
  return parent(parents) === 'address' ? ADDRESS_TYPES[value] : ERROR_TYPES[value]
}

const kind: Describe = (value, parents) => {
  if (typeof value === 'string') return KINDS[value]
  if (parent(parents) === 'segment') return SEGMENTS[value as number]
  return typeof value === 'number' ? REGIONS[value] : undefined
}

const REGIONS: readonly Words[] = ['[from, to)', '(from, to]', '[from, to]', '(from, to)'].map(same)
const FLOW: readonly Words[] = [{ en: 'none', zh: '无' }, { en: 'hardware', zh: '硬件' }, { en: 'software', zh: '软件' }]
const PARITY: readonly Words[] = [{ en: 'none', zh: '无校验' }, { en: 'odd', zh: '奇校验' }, { en: 'even', zh: '偶校验' }]
const BAUD: Readonly<Record<number, Words>> = {
  ...[300, 600, 1200, 2400, 4800, 7200, 9600, 19200, 38400, 57600, 115200].map((rate) => same(`${rate} bit/s`)), 255: { en: 'adaptive', zh: '自适应' },
}
const LOGICAL: readonly (Words | undefined)[] = [
  { en: 'the device itself', zh: '设备本身' }, { en: "the terminal's AC-sampling meter", zh: '终端交流采样' }, { en: 'an extended logical address follows', zh: '其后为扩展逻辑地址' },
]

/** By the name of the member. */
const BY_NAME: Readonly<Record<string, Describe>> = {
  dir: looked([{ en: 'client to server', zh: '客户机发出' }, { en: 'server to client', zh: '服务器发出' }]),
  prm: looked([{ en: 'started by the server', zh: '服务器发起' }, { en: 'started by the client', zh: '客户机发起' }]),
  fn: looked({ 1: { en: 'link management', zh: '链路管理' }, 3: { en: 'user data', zh: '用户数据' } }),
  logical: (value) => LOGICAL[value as number],
  apdu: (value) => SERVICES[typeof value === 'object' && value !== null && 'apdu' in value ? String(value.apdu) : String(value)],
  choice: (value) => typeof value === 'number' ? METER_SETS[value] : CHOICES[String(value)],
  kind,
  form: looked(KINDS),
  type,
  selector: looked(SELECTORS),
  result,
  factory,
  protocolConformance: conformance(PROTOCOL_CONFORMANCE),
  functionConformance: conformance(FUNCTION_CONFORMANCE),
  dar: (value) => typeof value === 'number' ? darName(value) : undefined,
  oad: attribute,
  readOad: attribute,
  sid: looked(SIDS),
  omd: (value) => typeof value === 'string' ? omdName(value) : undefined,
  oi: (value) => typeof value === 'string' ? oiName(value) : undefined,
  unit: (value, parents) => typeof value === 'number' && parents.at(-1)?.children.some(({ name }) => name === 'scaler') ? same(UNITS[value] ?? `unit ${value}`) : undefined,
  baud: looked(BAUD),
  parity: looked(PARITY),
  flow: looked(FLOW),
  heartbeatSeconds: counted('s', '秒'),
  timeoutSeconds: counted('s', '秒'),
  timeout: counted('s', '秒'),
  frameTimeout: counted('s', '秒'),
  byteTimeout: counted('ms', '毫秒'),
}

function moment(value: unknown): Words | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if ('year' in value && 'hour' in value) return same(momentText(value as DateTime))
  const names = Object.keys(value)
  if (names.length === 2 && 'unit' in value && 'value' in value) return { en: intervalText(value as Ti), zh: intervalText(value as Ti, 'zh') }
  return undefined
}

/** What a span's value stands for; see Protocol. */
export function describe(span: Span, parents: Parents): Words | undefined {
  const words = span.value === undefined ? undefined : wordsOf(span, parents)
  return words?.en === '' ? undefined : words
}

function wordsOf(span: Span, parents: Parents): Words | undefined {
  const { name, value } = span
  const by = Object.hasOwn(BY_NAME, name) ? BY_NAME[name]!(value, parents, span) : undefined
  if (by !== undefined) return by
  if (parent(parents) === 'oads' || parent(parents) === 'related') return attribute(value, parents, span)
  return describeData(span, parents) ?? moment(value)
}
