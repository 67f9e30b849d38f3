import type { Span, Words } from '@zhuzhan/codec'
import { wordsOf } from '../wire/codes.js'
import { valueWords } from '../words.js'
import { localCatalogue } from './afn/index.js'
import { DEVICE_TYPES, LIVE_STATES, POWER_EVENTS } from './catalogue/codes.js'
import { LOCAL_TERMS } from './labels.js'
import { BROADCAST_NODE } from './link/address.js'

const afnWords = (value: unknown) => localCatalogue.describeAfn(Number.parseInt(String(value), 16))

const WORDS: Readonly<Record<string, (value: unknown, parents: readonly Span[]) => Words | undefined>> = {
  dir: (value) => value === 1 ? { en: 'from the module', zh: '通信模块发出' } : { en: 'to the module', zh: '集中器发出' },
  prm: (value) => value === 1 ? { en: 'begins the exchange', zh: '启动站' } : { en: 'answers', zh: '从动站' },
  afn: afnWords,
  queriedAfn: afnWords,
  fn: (value, parents) => functionWords(value as readonly number[], parents),
  destination: (value) => value === BROADCAST_NODE ? { en: 'broadcast', zh: '广播' } : undefined,
  // Device types of 06 F4 and of rejected nodes are numbers: the reference does not say of which list they are.
  deviceType: (value) => typeof value === 'string' ? wordsOf(DEVICE_TYPES, value) : undefined,
  // Names that stand for a word in one place and for a number in another.
  event: (value) => typeof value === 'string' ? wordsOf(POWER_EVENTS, value) : undefined,
  state: (value) => typeof value === 'string' ? wordsOf(LIVE_STATES, value) : undefined,
}

/** What a value of a frame stands for. */
export function describeLocal(span: Span, parents: readonly Span[]): Words | undefined {
  const { name, value } = span
  if (value === undefined) return undefined
  return Object.hasOwn(WORDS, name) ? WORDS[name]!(value, parents) : valueWords(span, parents, LOCAL_TERMS)
}

function functionWords(functions: readonly number[], parents: readonly Span[]): Words | undefined {
  const afn = parents.at(-1)?.children.find((child) => child.name === 'afn')?.value
  const names = functions.flatMap((fn) => localCatalogue.describeFn(Number.parseInt(String(afn), 16), fn) ?? [])
  return names.length === 0 ? undefined : { en: names.map(({ en }) => en).join('; '), zh: names.map(({ zh }) => zh).join('; ') }
}
