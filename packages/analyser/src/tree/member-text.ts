import type { Node } from './node.js'
import { SAID, say } from './words.js'
import type { Language } from './words.js'

/** Bytes that a line shows in full. */
const SHOWN = 8
/** Longer texts are bytes or blobs that the hex column shows. */
const LONGEST_TEXT = 64
/** Members of at most so many characters may share a line of at most so many. */
const SHORT_MEMBER = 20
const LONGEST_INLINE = 50

/** Members whose value says nothing that their bytes do not say. */
const WITHOUT_VALUE = new Set(['start', 'start2', 'end', 'hcs', 'fcs', 'cs', 'checksum', 'sum'])
/** Members that need no name beside each other: `unsigned 5`. */
const WITHOUT_LABEL = new Set(['type', 'value'])

/** Bytes in pairs of digits, the middle left out when there are many. */
export function hexText(bytes: Buffer): string {
  const pairs = (part: Buffer) => part.toString('hex').toUpperCase().replace(/..(?=.)/g, '$& ')
  return bytes.length <= SHOWN ? pairs(bytes) : `${pairs(bytes.subarray(0, 5))} … ${pairs(bytes.subarray(-1))}`
}

/** Members that share their bytes (bits of one byte) go on one line. */
export function lineGroups(nodes: readonly Node[]): Node[][] {
  const groups: Node[][] = []
  for (const node of nodes) {
    const last = groups.at(-1)
    const first = last?.[0]
    if (first !== undefined && isPart(first) && isPart(node) && first.name !== '' && first.from === node.from && first.to === node.to) last!.push(node)
    else groups.push([node])
  }
  return groups.map((group) => (group.length === 1 ? group : group.filter(saysSomething).length > 0 ? group.filter(saysSomething) : group.slice(0, 1)))
}

function isPart(node: Node): boolean {
  return node.children.length === 0 && node.heading === undefined && node.to > node.from
}

/** A flag that is not set, reserved bits that are 0: silent. */
function saysSomething(node: Node): boolean {
  return !(node.value === false || (node.name.startsWith('reserved') && node.value === 0))
}

/** A member that takes no bytes and says nothing: an optional one that is not there. */
export function isAbsent({ from, to, whole, value, children }: Node): boolean {
  return from === to && whole && children.length === 0 && (value === undefined || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
}

/** Does the line of a node say all that its children would? */
export function isOneLine(node: Node, language: Language): boolean {
  if (node.words !== undefined && node.children.length > 0 && node.children.every((child) => WITHOUT_LABEL.has(child.name))) return true
  if (node.children.some((child) => child.children.length > 0 || child.heading !== undefined || !child.whole)) return false
  if (node.words !== undefined && typeof node.value === 'object') return true
  if (node.children.every((child) => child.from === node.from && child.to === node.to)) return true
  const short = node.children.every((child) => WITHOUT_LABEL.has(child.name) || inlineText(child, language).length <= SHORT_MEMBER)
  return short && node.to - node.from <= SHOWN && childrenText(node, language).length <= LONGEST_INLINE
}

/** What stands behind the label: the value and what it stands for, or those of the children on the same line. */
export function ownText(node: Node, language: Language): string {
  return node.children.length === 0 ? valueText(node, language) : compositeText(node, language)
}

function compositeText(node: Node, language: Language): string {
  if (node.words !== undefined) return say(node.words, language)
  if (isOneLine(node, language)) return childrenText(node, language)
  const type = node.children.find((child) => child.name === 'type')
  return type !== undefined && typeof type.value === 'string' ? inlineText(type, language) : ''
}

function childrenText(node: Node, language: Language): string {
  return lineGroups(node.children).flat().map((child) => inlineText(child, language)).join(node.children.every(({ name }) => WITHOUT_LABEL.has(name)) ? ' ' : ' · ')
}

/** A member within a line. */
export function inlineText(node: Node, language: Language): string {
  const text = valueText(node, language)
  if (WITHOUT_LABEL.has(node.name) && text !== '') return text
  return node.value === true ? say(node.label, language) : `${say(node.label, language)} ${text}`.trimEnd()
}

function valueText(node: Node, language: Language): string {
  const { value, words, whole } = node
  if (!whole) return say(SAID.unread, language)
  const described = words === undefined ? '' : say(words, language)
  if (WITHOUT_VALUE.has(node.name)) return described
  const plain = plainText(node, language)
  if (described === '' || plain === '') return plain || described
  // Words of JSON (`get-request`) say the same as their description.
  if (typeof value === 'string' && /^[a-z][a-z0-9.-]*$/.test(value)) return described
  return described.startsWith(plain) ? described : `${plain} ${described}`
}

function plainText({ value, words, from, to }: Node, language: Language): string {
  // What is absent shows by one byte or by none; more bytes without a value were passed over in front of an error.
  if (value === undefined || value === null) return words !== undefined ? '' : say(to - from > 1 ? SAID.unread : SAID.none, language)
  if (typeof value === 'boolean') return say(value ? SAID.yes : SAID.no, language)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'string') return value.length <= LONGEST_TEXT ? value : say(SAID.bytes(to - from), language)
  if (value instanceof Uint8Array) return value.length <= SHOWN ? '' : say(SAID.bytes(value.length), language)
  if (Array.isArray(value) && value.length === 0) return say(SAID.none, language)
  return words === undefined ? objectText(value) : ''
}

/** Small objects that no table traced, like `{missing: 'FFFF'}`. */
function objectText(value: object): string {
  const text = JSON.stringify(value, (_, member: unknown) => typeof member === 'bigint' ? String(member) : member) ?? ''
  return text.length <= LONGEST_TEXT ? text : ''
}
