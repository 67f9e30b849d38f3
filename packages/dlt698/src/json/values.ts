import type { FrameValue, Words } from '@zhuzhan/codec'
import { leafColumns, leafRows } from '../apdu/columns.js'
import type { DecodeApduOptions } from '../apdu/decode.js'
import type { Apdu } from '../apdu/index.js'
import type { ResultRecord } from '../apdu/records.js'
import type { ResultNormal } from '../apdu/results.js'
import { COLUMN } from '../catalogue/columns.js'
import type { Layout } from '../catalogue/model.js'
import { attributeRow, elementWords, methodReturn, oadName, omdName } from '../catalogue/names.js'
import { meaningOf, partLayout, scaledText, unitOf } from '../catalogue/scaled.js'
import { dateTimeSToEpoch } from '../data/index.js'
import type { Data, Oad, Omd } from '../data/index.js'
import { momentText } from '../words/moments.js'
import { openContent } from './apdu.js'

/** Whose a value is and when it was so. */
interface Circumstances {
  of?: string
  time?: string
}

/** Columns that tell the time of a row, the first that is there counts: reference §13. */
const TIMES: readonly Oad[] = [COLUMN.freezeTime, COLUMN.taskStored, COLUMN.taskStart, COLUMN.taskSuccess]
/** Columns that tell whose a row is: reference §13. */
const METERS: readonly Oad[] = [COLUMN.targetServer, COLUMN.meterAddress]

/**
 * What a device says in an APDU: responses to GET, the reading part of then-get services, what methods return,
 * reports, records, proxied answers, follow reports, also in a wrapper when its content can be read. What a client
 * sets or asks for is not listed, nor attributes that the catalogue does not know.
 */
export function apduValues(apdu: Apdu, options: DecodeApduOptions, wrappers = 0): FrameValue[] {
  const values: FrameValue[] = []
  switch (apdu.apdu) {
    case 'security-request': case 'security-response': {
      const inner = 'content' in apdu ? openContent(apdu.content, { ...options, trace: undefined }, wrappers + 1) : undefined
      return inner ? apduValues(inner.apdu, options, wrappers + 1) : values
    }
    case 'get-response':
      if ('result' in apdu) addResult(values, apdu.result, {})
      if ('results' in apdu) addResults(values, apdu.results, {})
      if ('record' in apdu) addRecord(values, apdu.record, {})
      if ('records' in apdu) addRecords(values, apdu.records)
      if ('content' in apdu) addEither(values, apdu.content)
      break
    case 'report-notification':
      addEither(values, apdu)
      break
    case 'set-response': case 'action-response':
      for (const result of 'results' in apdu ? apdu.results : [apdu]) addOutcome(values, result, {})
      break
    case 'proxy-response':
      if ('record' in apdu) addRecord(values, apdu.record, { of: apdu.tsa.address })
      for (const { tsa, results } of 'targets' in apdu ? apdu.targets : []) for (const result of results) addOutcome(values, result, { of: tsa.address })
      break
    default:
  }
  if ('followReport' in apdu && apdu.followReport) addEither(values, apdu.followReport)
  return values
}

function addEither(values: FrameValue[], held: { results: ResultNormal[] } | { records: ResultRecord[] } | object): void {
  if ('results' in held) addResults(values, held.results as ResultNormal[], {})
  if ('records' in held) addRecords(values, held.records as ResultRecord[])
}

function addResults(values: FrameValue[], results: readonly ResultNormal[], circumstances: Circumstances): void {
  for (const result of results) addResult(values, result, circumstances)
}

function addResult(values: FrameValue[], result: ResultNormal, circumstances: Circumstances): void {
  if ('data' in result) addAttribute(values, result.oad, result.data, circumstances)
}

/** One element of a response to GET, SET or ACTION, plain or then-get. */
function addOutcome(values: FrameValue[], outcome: object, circumstances: Circumstances): void {
  const { oad, omd, data, read } = outcome as { oad?: Oad; omd?: Omd; data?: Data; read?: ResultNormal }
  if (oad !== undefined && data !== undefined) addAttribute(values, oad, data, circumstances)
  if (omd !== undefined && data !== undefined) addReturned(values, omd, data, circumstances)
  if (read !== undefined) addResult(values, read, circumstances)
}

function addReturned(values: FrameValue[], omd: Omd, data: Data, circumstances: Circumstances): void {
  const words = omdName(omd)
  const layout = methodReturn(omd)
  if (words && layout) add(values, { item: omd, words, layout }, data, circumstances)
}

function addAttribute(values: FrameValue[], oad: Oad, data: Data, circumstances: Circumstances): void {
  const words = oadName(oad)
  if (words === undefined) return
  const whole = attributeRow(oad)?.layout
  const index = Number.parseInt(oad.slice(6), 16)
  const layout = index === 0 ? whole : partLayout(whole, index - 1) ?? whole
  add(values, { item: oad, words, layout }, data, circumstances)
}

function addRecords(values: FrameValue[], records: readonly ResultRecord[]): void {
  for (const record of records) addRecord(values, record, {})
}

function addRecord(values: FrameValue[], record: ResultRecord, outer: Circumstances): void {
  const columns = leafColumns(record.rcsd).map(({ oad }) => oad)
  const timeAt = firstOf(columns, TIMES)
  const meterAt = firstOf(columns, METERS)
  for (const row of leafRows(record)) {
    const time = timeAt < 0 ? undefined : row[timeAt] && realMoment(row[timeAt])
    const of = meterAt < 0 ? undefined : row[meterAt] && scaledText(row[meterAt])
    const circumstances = { ...outer, ...(of && { of }), ...(time && { time }) }
    columns.forEach((oad, i) => {
      const said = (i === timeAt && time) || (i === meterAt && of)
      if (!said && row[i]) addAttribute(values, oad, row[i], circumstances)
    })
  }
}

/** Only a moment that can have been; others are shown as what they are, a value. */
function realMoment(data: Data): string | undefined {
  return data.type === 'date-time-s' && dateTimeSToEpoch(data.value, 0) !== undefined ? momentText(data.value) : undefined
}

function firstOf(columns: readonly Oad[], wanted: readonly Oad[]): number {
  for (const oad of wanted) {
    const at = columns.indexOf(oad)
    if (at >= 0) return at
  }
  return -1
}

interface Named {
  item: string
  words: Words
  layout: Layout | undefined
}

function add(values: FrameValue[], { item, words, layout }: Named, data: Data, circumstances: Circumstances): void {
  if (data.type === 'structure' && isDemand(layout)) return addDemand(values, { item, words, layout: layout.members[0]!.layout }, data.items, circumstances)
  if (data.type === 'array' || data.type === 'structure') {
    data.items.forEach((part, i) => {
      const [en, zh] = elementWords(layout, i + 1)
      const inner = { en: `${words.en}, ${en}`, zh: `${words.zh} ${zh}` }
      add(values, { item: partItem(item, i + 1), words: inner, layout: partLayout(layout, i) }, part, circumstances)
    })
    return
  }
  const single = layout?.type === 'array' ? layout.of : layout
  const value = scaledText(data, single)
  if (value === undefined) return
  const meaning = meaningOf(data, single)
  values.push({ item, name: words.en, nameZh: words.zh, value, unit: unitOf(single), ...(meaning && { meaning }), ...circumstances })
}

/** An element of a whole attribute has an OAD of its own; parts inside are numbered behind it. */
function partItem(item: string, number: number): string {
  return item.length === 8 && item.endsWith('00') && number <= 0xff ? item.slice(0, 6) + number.toString(16).toUpperCase().padStart(2, '0') : `${item}.${number}`
}

function isDemand(layout: Layout | undefined): layout is Extract<Layout, { type: 'structure' }> {
  return layout?.type === 'structure' && layout.members.length === 2 && layout.members[1]!.name === 'time of occurrence'
}

/** A maximum demand carries the moment when it occurred. */
function addDemand(values: FrameValue[], named: Named, [value, moment]: readonly Data[], circumstances: Circumstances): void {
  const occurred = moment && realMoment(moment)
  if (value) add(values, named, value, { ...(occurred && { time: occurred }), ...circumstances })
  if (!occurred || circumstances.time === undefined) return
  const { item, words } = named
  values.push({ item: `${item}.2`, name: `${words.en}, time of occurrence`, nameZh: `${words.zh} 发生时间`, value: occurred, unit: '', ...circumstances })
}
