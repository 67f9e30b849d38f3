import type { Span, Words } from '@zhuzhan/codec'
import { STATUS_WORD_3 } from './forms/status-word.js'
import type { Flag } from './forms/flags.js'
import { dataIdentifier } from './identifiers/index.js'
import { addressKind } from './link/address.js'
import type { Control } from './link/control.js'
import { functionRow } from './link/functions.js'
import { ERR, EXECUTED, REFUSED, SERR } from './message/errors.js'
import { RELAY_COMMANDS } from './message/relay.js'

const FLAGS: Readonly<Record<string, readonly Flag[]>> = { errors: [...SERR, ...ERR], executed: EXECUTED, refused: REFUSED, value: STATUS_WORD_3 }

const ADDRESSES: Readonly<Record<string, Words>> = {
  wildcard: { en: 'wildcard', zh: '通配地址' }, broadcast: { en: 'broadcast', zh: '广播地址' }, other: { en: 'no meter address', zh: '非电表地址' },
}

/** What a span of a traced frame stands for, when that is known. */
export function describe(span: Span, parents: readonly Span[]): Words | undefined {
  const { name, value } = span
  if (name === 'control') return describeControl(value as Control | undefined)
  if (Array.isArray(value)) return describeFlags(value, FLAGS[name])
  if (typeof value !== 'string') return undefined
  switch (name) {
    case 'address': return ADDRESSES[addressKind(value)]
    case 'di': return namesOf(value)
    case 'command': return RELAY_COMMANDS.find((row) => row.name === value)
    case 'value': return withUnit(value, unitOf(parents))
    default: return /^\d+$/.test(name) || name === 'demand' ? withUnit(value, unitOf(parents)) : undefined
  }
}

function describeControl(control: Control | undefined): Words | undefined {
  const row = control && functionRow(control.function)
  if (row === undefined) return undefined
  const { fromMeter, abnormal, followUp } = control!
  return {
    en: `${row.en}, ${fromMeter ? abnormal ? 'refusal' : 'answer' : 'request'}${followUp ? ', more follows' : ''}`,
    zh: `${row.zh} ${fromMeter ? abnormal ? '异常应答' : '应答' : '请求'}${followUp ? ' 有后续' : ''}`,
  }
}

function describeFlags(set: readonly unknown[], table: readonly Flag[] | undefined): Words | undefined {
  const rows = set.map((name) => table?.find((flag) => flag.name === name))
  if (rows.length === 0 || rows.some((row) => row === undefined)) return undefined
  return { en: rows.map((row) => row!.en).join(', '), zh: rows.map((row) => row!.zh).join('、') }
}

function namesOf(di: string): Words | undefined {
  const item = dataIdentifier(di)
  return item && { en: item.name, zh: item.nameZh }
}

/** The unit of the identifier that stands before the value, in the same or an outer span. */
function unitOf(parents: readonly Span[]): string {
  for (let i = parents.length - 1; i >= 0; i--) {
    const di = parents[i]!.children.find((child) => child.name === 'di')?.value
    if (typeof di === 'string') return dataIdentifier(di)?.unit ?? ''
  }
  return ''
}

function withUnit(value: string, unit: string): Words | undefined {
  return unit === '' ? undefined : { en: `${value} ${unit}`, zh: `${value} ${unit}` }
}
