import { crc16 } from '@zhuzhan/codec'
import type { FrameValue } from '@zhuzhan/codec'
import { wakeUpsBefore } from '../frames/detect.js'
import { entryOf } from '../frames/registry.js'
import { hexText, inlineText, isAbsent, isOneLine, lineGroups, ownText } from './member-text.js'
import { same } from './node.js'
import type { Node } from './node.js'
import type { Reading, Remark } from './read.js'
import { SAID, expectedWords, say } from './words.js'
import type { Language } from './words.js'

/** Room for eight bytes. */
const HEX_WIDTH = 24
const INDENT = '  '

interface Column {
  bytes: Buffer
  language: Language
  rangeWidth: number
}

/** Lines of one frame. `bytes`: everything that was given, since positions count from its first byte. */
export function renderReading(reading: Reading, bytes: Buffer, language: Language): string[] {
  const column: Column = { bytes, language, rangeWidth: 2 * String(Math.max(0, reading.to - 1)).length + 1 }
  return [
    heading(reading, language),
    ...renderNodes(reading.nodes.filter((node) => !isBehindFault(node, reading)), '', column),
    ...reading.error === undefined ? [] : fault(reading, column),
    ...renderNodes(reading.nodes.filter((node) => isBehindFault(node, reading)), '', column),
    ...reading.remarks.map((remark) => `! ${remarkText(remark, language)}`),
    ...values(reading.values, language),
  ]
}

/** What could be read although something before it is wrong: a length that does not fit. */
function isBehindFault(node: Node, { error }: Reading): boolean {
  return error !== undefined && node.from > error.offset
}

function remarkText(remark: Remark, language: Language): string {
  if (remark.kind === 'size') return say(SAID.size(remark.declared, remark.given), language)
  const expected = expectedWords(remark.expected)
  return say({ en: `${remark.name} not read further: byte ${remark.at}, expected ${expected.en}`, zh: `${remark.name} 未能继续解析: 第${remark.at}字节应为${expected.zh}` }, language)
}

function heading({ protocol, from, to, error }: Reading, language: Language): string {
  const entry = protocol && entryOf(protocol)
  const title = entry === undefined ? say(SAID.nothing, language) : say({ en: entry.title, zh: entry.titleZh }, language)
  return `${title}, ${say(SAID.bytes(to - from), language)}${error === undefined || entry === undefined ? '' : `, ${say(SAID.broken, language)}`}`
}

function renderNodes(nodes: readonly Node[], indent: string, column: Column): string[] {
  return lineGroups(nodes.filter((node) => !isAbsent(node))).flatMap((group) => {
    const [node] = group
    if (group.length > 1) return [line(node!.from, node!.to, `${indent}${group.map((one) => inlineText(one, column.language)).join(' · ')}`, column)]
    return renderNode(node!, indent, column)
  })
}

function renderNode(node: Node, indent: string, column: Column): string[] {
  const { language } = column
  if (node.heading !== undefined) {
    const title = `${indent}┌ ${say(node.heading, language)}, ${say(SAID.bytes(node.to - node.from), language)}`
    return [line(node.from, node.to, title, column, node.from), ...renderNodes(node.children, `${indent}│ `, column)]
  }
  const text = `${indent}${labelled(node, language)}`
  if (node.children.length === 0 || isOneLine(node, language)) return [line(node.from, node.to, text, column)]
  const children = shownChildren(node)
  const first = Math.min(...children.map((child) => child.from))
  return [line(node.from, node.to, text, column, first), ...renderNodes(withGaps(children, node, first), indent + INDENT, column)]
}

/** What a node's own line has not said already. */
function shownChildren(node: Node): Node[] {
  const shown = node.children.flatMap((child) => {
    // `items` only says that a list follows; the type of a value stands on the line of the value.
    if (child.name === 'items' && child.children.length > 0) return child.children
    if (child.name === 'type' && child.children.length === 0 && typeof child.value === 'string' && node.children.length > 1) return []
    return child.name === node.name && child.children.length === 0 ? [{ ...child, label: same('') }] : [child]
  })
  return shown.length > 0 ? shown : node.children
}

/** Bytes between the children: counts and choices that no member is named for. Those before the first stand on the node's own line. */
function withGaps(children: readonly Node[], node: Node, first: number): Node[] {
  const gap = (from: number, to: number): Node => ({ name: '', label: same('·'), from, to, whole: true, value: new Uint8Array(), words: undefined, children: [] })
  const filled: Node[] = []
  let at = first
  for (const child of children) {
    if (child.from > at) filled.push(gap(at, child.from))
    filled.push(child)
    at = Math.max(at, child.to)
  }
  if (node.whole && node.to > at) filled.push(gap(at, node.to))
  return filled
}

function labelled(node: Node, language: Language): string {
  const label = say(node.label, language)
  const own = ownText(node, language)
  return label === '' || own === '' ? label + own : `${label}: ${own}`
}

/** `until`: bytes from there on stand on lines of their own. */
function line(from: number, to: number, text: string, { bytes, rangeWidth }: Column, until = to): string {
  const range = to - from > 1 ? `${from}-${to - 1}` : String(from)
  return `${range.padEnd(rangeWidth)}  ${hexText(bytes.subarray(from, until)).padEnd(HEX_WIDTH)} ${text}`.trimEnd()
}

/** Where reading stopped: the bytes from there on, and what should have stood there. */
function fault({ from, to, nodes, error }: Reading, column: Column): string[] {
  const { bytes, language, rangeWidth } = column
  const { offset, expected } = error!
  const reached = nodes.findLast((node) => node.from <= offset)?.to ?? from
  const rest = bytes.subarray(offset, to)
  const hex = rest.length === 0 ? '·' : hexText(rest)
  const computed = checksumThere(bytes, from, offset, expected)
  const wanted = say(expectedWords(expected), language) + (computed === undefined ? '' : ` ${computed}`)
  return [
    ...reached < offset ? [line(reached, offset, say(SAID.unread, language), column)] : [],
    `${String(offset).padEnd(rangeWidth)}  ${hex.padEnd(HEX_WIDTH)} ◀ ${say(SAID.expected, language)} ${wanted}`,
    `${' '.repeat(rangeWidth)}  ${rest.length === 0 ? '^' : '^^'}`,
  ]
}

/** The checksum that belongs there, low byte first. */
function checksumThere(bytes: Buffer, from: number, offset: number, expected: string): string | undefined {
  if (expected !== 'the HCS' && expected !== 'the FCS') return undefined
  const start = from + wakeUpsBefore(bytes.subarray(from)) + 1
  const sum = crc16(bytes, start, offset)
  return hexText(Buffer.from([sum & 0xff, sum >> 8]))
}

function values(list: readonly FrameValue[], language: Language): string[] {
  if (list.length === 0) return []
  const rows = list.map(({ item, name, nameZh, value, unit, of, time }) => [
    item, say({ en: name, zh: nameZh }, language), value === null ? say(SAID.noValue, language) : `${value}${unit === '' ? '' : ` ${unit}`}`, [of, time].filter(Boolean).join(' '),
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => width(row[column]!))))
  return [
    `${say(SAID.values, language)}:`,
    ...rows.map(([item, name, value, rest]) => `${INDENT}${padded(item!, widths[0]!)}  ${padded(name!, widths[1]!)}  ${value}${rest === '' ? '' : `  ${rest}`}`),
  ]
}

/** Columns on a screen: Chinese characters take two. */
function width(text: string): number {
  let columns = 0
  for (const character of text) columns += character > '\u2e7f' ? 2 : 1
  return columns
}

function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}
