import type { Span, Words } from '@zhuzhan/codec'
import { valueWords } from '../words.js'
import { upwardCatalogue } from './afn/index.js'
import { ERCS } from './catalogue/events.js'
import { UPWARD_TERMS } from './labels.js'
import { CONTROL_FUNCTIONS } from './link/control.js'

const WORDS: Readonly<Record<string, (value: unknown, parents: readonly Span[]) => Words | undefined>> = {
  dir: (value) => value === 1 ? { en: 'from the terminal', zh: '终端发出' } : { en: 'to the terminal', zh: '主站发出' },
  prm: (value) => value === 1 ? { en: 'begins the exchange', zh: '启动站' } : { en: 'answers', zh: '从动站' },
  function: (value, parents) => CONTROL_FUNCTIONS[Number(sibling('prm', parents))]?.[Number(value)],
  afn: afnWords,
  confirmedAfn: afnWords,
  pn: pointWords,
  fn: (value, parents) => functionWords(value as readonly number[], parents),
  erc: (value) => ERCS[Number(value)],
  clock: (value) => clockWords(value as { time?: string; weekday?: number }),
}

/** What a value of a frame stands for. */
export function describeUpward(span: Span, parents: readonly Span[]): Words | undefined {
  const { name, value } = span
  if (value === undefined) return undefined
  if (Object.hasOwn(WORDS, name)) return WORDS[name]!(value, parents)
  return valueWords(span, parents, UPWARD_TERMS)
}

function pointWords(value: unknown): Words | undefined {
  if (value === 'all') return { en: 'all points', zh: '全部测量点' }
  if (!Array.isArray(value)) return undefined
  const names = value.map((point) => `p${point}`).join(' ')
  return value[0] === 0 ? { en: 'the terminal', zh: '终端' } : { en: names, zh: names }
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
  if (weekday === 0) return { en: `${time}, weekday 0: none, or Sunday`, zh: `${time} 星期0(无效或星期日)` }
  return { en: `${time}, weekday ${weekday}`, zh: `${time} 星期${weekday}` }
}
