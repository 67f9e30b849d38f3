import { bits, choice, decode, listOf, optional, sequence, u16be, u8 } from './index.js'
import { DecodeError } from './errors.js'
import { Tracer } from './trace.js'
import type { Span } from './trace.js'

const Table = choice('kind', {
  point: [1, sequence({ x: u8, y: u16be })],
  list: [2, sequence({ items: listOf(sequence({ n: u8 }), { count: u8 }), tail: optional(u8) })],
})
const flat = (span: Span): unknown[] => [span.name, span.from, span.to, ...span.children.map(flat)]

it('knows where each member of a table stands', () => {
  const trace = new Tracer('point')
  decode(Table, Buffer.from([1, 5, 0, 6]), { trace, origin: 10 })
  expect(trace.root.children.map(flat)).toEqual([['kind', 10, 11], ['x', 11, 12], ['y', 12, 14]])
  expect(trace.root.children.map((span) => span.value)).toEqual(['point', 5, 6])
})

it('goes into lists, and keeps what was read when reading stops', () => {
  const trace = new Tracer('list')
  expect(() => decode(Table, Buffer.from([2, 2, 7]), { trace })).toThrow(DecodeError)
  const broken = new Tracer('list')
  expect(() => decode(Table, Buffer.from([2, 1, 7, 5]), { trace: broken })).toThrow(DecodeError)
  expect(broken.root.children.map(flat)).toEqual([['kind', 0, 1], ['items', 1, 3, ['0', 2, 3, ['n', 2, 3]]], ['tail', 3, 3]])
})

it('can forget a reading that failed', () => {
  const trace = new Tracer('two readings')
  trace.leaf('start', 0, 1, 0x68)
  const mark = trace.mark()
  trace.enter('first reading', 1)
  trace.enter('deep', 2)
  trace.rewind(mark)
  trace.leaf('second reading', 1, 2, 0)
  expect(trace.root.children.map((span) => span.name)).toEqual(['start', 'second reading'])
})

it('closes what an error left open where reading stopped', () => {
  const trace = new Tracer('stopped')
  const mark = trace.mark()
  trace.enter('outer', 1)
  trace.enter('inner', 2)
  trace.stop(mark, 5)
  trace.leaf('next', 5, 6, 0)
  expect(trace.root.children.map(flat)).toEqual([['outer', 1, 5, ['inner', 2, 5]], ['next', 5, 6]])
  expect(trace.root.children[0]).not.toHaveProperty('value')
})

it('shows the parts of a word cut into bits, all where the word stands', () => {
  const trace = new Tracer('word')
  decode(sequence({ word: bits(u16be, { high: [12, 4], flag: [0] }) }), Buffer.from([0x30, 0x01]), { trace })
  expect(trace.root.children.map(flat)).toEqual([['word', 0, 2, ['high', 0, 2], ['flag', 0, 2]]])
  expect(trace.root.children[0]!.children.map((span) => span.value)).toEqual([3, true])
})
