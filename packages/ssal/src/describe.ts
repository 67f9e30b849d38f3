import type { Span, Words } from '@zhuzhan/codec'
import { RETURN_CODES } from './catalogue/return-codes.js'
import { wordsOf } from './catalogue/table.js'
import { ADDRESS_TYPES, APPLICATIONS, CHANNELS, CIPHERS, DEVICES, FRAME_TYPES } from './catalogue/tables.js'
import { CONTROL_FIELDS } from './link/control-data.js'
import type { TimePoint } from './link/control.js'

const TABLES = { type: FRAME_TYPES, cipher: CIPHERS, protocol: APPLICATIONS, device: DEVICES, addressType: ADDRESS_TYPES, channel: CHANNELS }

const WORDS: Readonly<Record<string, (value: unknown) => Words | undefined>> = {
  dir: (value) => value === 1 ? { en: 'from the terminal', zh: '终端发出' } : { en: 'to the terminal', zh: '发往终端' },
  prm: (value) => value === 1 ? { en: 'starts the exchange', zh: '启动站' } : { en: 'answers', zh: '从动站' },
  sequence: (value) => value === 0xffff ? { en: 'the gateway itself began', zh: '网关主动发起' } : undefined,
  controlWord: (value) => present(Number.parseInt(String(value), 16)),
  returnCode: (value) => RETURN_CODES[String(value)],
  tp: (value) => same(moment(value as TimePoint)),
}

/** What a value of the frame stands for. */
export function describe(span: Span): Words | undefined {
  if (span.value === undefined) return undefined
  if (Object.hasOwn(TABLES, span.name)) return wordsOf(TABLES[span.name as keyof typeof TABLES], span.value)
  return Object.hasOwn(WORDS, span.name) ? WORDS[span.name]!(span.value) : undefined
}

/** Which fields the control word announces. */
function present(word: number): Words {
  return same(CONTROL_FIELDS.filter(({ bit }) => (word & (1 << bit)) !== 0).map(({ key }) => key.toUpperCase()).join(' '))
}

function same(text: string): Words {
  return { en: text, zh: text }
}

function moment({ year, month, day, hour, minute, second }: TimePoint): string {
  const two = (part: number) => String(part).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
}
