import type { Span, Words } from '@zhuzhan/codec'
import { wordsOf } from '../wire/codes.js'
import type { CodeTable } from '../wire/codes.js'
import { valueWords } from '../words.js'
import { upwardCatalogue } from './afn/index.js'
import { AUTHENTICATION_ERRORS, DENSITIES, METER_PROTOCOLS, RELAY_STATES, SESSIONS } from './catalogue/codes.js'
import { ERCS } from './catalogue/events.js'
import { UPWARD_TERMS } from './labels.js'
import { CONTROL_FUNCTIONS } from './link/control.js'

const CODES: Readonly<Record<string, CodeTable>> = {
  authenticationError: AUTHENTICATION_ERRORS, density: DENSITIES, protocol: METER_PROTOCOLS, relayState: RELAY_STATES, session: SESSIONS,
}

const WORDS: Readonly<Record<string, (value: unknown, parents: readonly Span[]) => Words | undefined>> = {
  dir: (value) => value === 1 ? { en: 'from the terminal', zh: '终端发出' } : { en: 'to the terminal', zh: '主站发出' },
  prm: (value) => value === 1 ? { en: 'begins the exchange', zh: '启动站' } : { en: 'answers', zh: '从动站' },
  function: (value, parents) => CONTROL_FUNCTIONS[Number(sibling('prm', parents))]?.[Number(value)],
  afn: afnWords,
  confirmedAfn: afnWords,
  pn: (value) => value === 'all' ? { en: 'all points', zh: '全部测量点' } : Array.isArray(value) && value[0] === 0 ? { en: 'the terminal', zh: '终端' } : undefined,
  fn: (value, parents) => functionWords(value as readonly number[], parents),
  erc: (value) => ERCS[Number(value)],
  clock: (value) => clockWords(value as { time?: string; weekday?: number }),
}

/** What a value of a frame stands for. */
export function describeUpward(span: Span, parents: readonly Span[]): Words | undefined {
  const { name, value } = span
  if (value === undefined) return undefined
  const content = /^p(?:\d+|all) F(\d+)$/.exec(name)
  if (content !== null) return upwardCatalogue.describeFn(afnOf(parents), Number(content[1]))
  if (Object.hasOwn(CODES, name)) return wordsOf(CODES[name]!, value)
  if (Object.hasOwn(WORDS, name)) return WORDS[name]!(value, parents)
  return valueWords(span, parents, UPWARD_TERMS)
}

function afnWords(value: unknown): Words | undefined {
  return upwardCatalogue.describeAfn(Number.parseInt(String(value), 16))
}

/** Names of the functions of a DT; of the frame that is confirmed, where it stands in a confirmation. */
function functionWords(functions: readonly number[], parents: readonly Span[]): Words | undefined {
  const confirmed = parents.findLast((span) => span.children.some((child) => child.name === 'confirmedAfn'))
  const afn = confirmed === undefined ? afnOf(parents) : numberIn(confirmed, 'confirmedAfn')
  const names = functions.flatMap((fn) => upwardCatalogue.describeFn(afn, fn) ?? [])
  return names.length === 0 ? undefined : { en: names.map(({ en }) => en).join('; '), zh: names.map(({ zh }) => zh).join('; ') }
}

function afnOf(parents: readonly Span[]): number {
  const frame = parents.findLast((span) => span.children.some((child) => child.name === 'afn'))
  return frame === undefined ? Number.NaN : numberIn(frame, 'afn')
}

const numberIn = (span: Span, name: string) => Number.parseInt(String(span.children.find((child) => child.name === name)!.value), 16)

function sibling(name: string, parents: readonly Span[]): unknown {
  return parents.at(-1)?.children.find((child) => child.name === name)?.value
}

/** Weekday 0 is no weekday in one reading, Sunday in a capture. Reference §A14. */
function clockWords({ time, weekday }: { time?: string; weekday?: number }): Words | undefined {
  if (time === undefined) return undefined
  return weekday === 0 ? { en: `${time}, weekday 0: none, or Sunday`, zh: `${time} 星期0(无效或星期日)` } : { en: `${time}, weekday ${weekday}`, zh: `${time} 星期${weekday}` }
}
