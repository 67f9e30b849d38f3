import fc from 'fast-check'
import { createLineReader } from './lines.js'

function read(text: string, cut: number): string[] {
  const lines: string[] = []
  const reader = createLineReader((line) => lines.push(line))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut))
  reader.end()
  return lines
}

it('gives the lines of a text however it is cut, with either end of line, the last with or without one', () => {
  const line = fc.string({ unit: fc.constantFrom('a', '主', ' ', 'F'), maxLength: 8 })
  fc.assert(fc.property(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.integer({ min: 1, max: 20 }), (lines, end, closed, cut) => {
    expect(read(lines.join(end) + (closed ? end : ''), cut)).toEqual(lines.map((one) => one.trim()).filter((one) => one !== ''))
  }))
})
