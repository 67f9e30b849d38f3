import type { Csd, Data } from '../data/index.js'
import { leafColumns, leafRows, rowColumns } from './columns.js'

const u32 = (value: number): Data => ({ type: 'double-long-unsigned', value })
const array = (...items: Data[]): Data => ({ type: 'array', items })
const NULL: Data = { type: 'null' }
const time: Data = { type: 'time', value: { hour: 0, minute: 15, second: 0 } }
const rcsd: Csd[] = [{ oad: '60420200' }, { oad: '50040200', related: ['00100200', '00200200'] }]

it('names leaf columns with their owner', () => {
  expect(leafColumns(rcsd)).toEqual([{ oad: '60420200' }, { oad: '00100200', owner: '50040200' }, { oad: '00200200', owner: '50040200' }])
  expect(rowColumns(rcsd)).toEqual(['60420200', '00100200', '00200200'])
})

it('gives the same rows for both readings of ROAD cells', () => {
  const flat = [[time, array(u32(1)), array(u32(2))], [time, NULL, NULL]]
  expect(leafRows({ oad: '60120300', rcsd, rows: flat })).toBe(flat)
  const nested = [[time, array(array(u32(1)), array(u32(2)))], [time, NULL]]
  expect(leafRows({ oad: '60120300', rcsd, rows: nested, roadCells: 'nested' })).toEqual(flat)
})

it('unwraps the cell of a ROAD with one related attribute, which both readings write in the same number of cells', () => {
  const one: Csd[] = [{ oad: '40010200' }, { oad: '50040200', related: ['00100200'] }]
  const rows = [[time, array(array(u32(1), u32(2)))], [time, array(u32(3), u32(4))], [array(array(u32(5))), NULL]]
  expect(leafRows({ oad: '60120300', rcsd: one, rows })).toEqual([[time, array(u32(1), u32(2))], [time, array(u32(3), u32(4))], [array(array(u32(5))), NULL]])
})

it('has no rows when the device answered a result code', () => {
  expect(leafRows({ oad: '60120300', rcsd, dar: 33 })).toEqual([])
})
