import fc from 'fast-check'
import { crc16, sliceChecksum, step } from './crc16.js'

describe('checksum', () => {
  it('has the check value of CRC-16/X-25', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0x906e)
  })

  it('of a slice follows from the running registers at its ends', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), fc.nat(), fc.nat(), fc.nat(0xffff), (bytes, a, b, start) => {
      const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y) as [number, number]
      const registers = [start]
      for (const byte of bytes) registers.push(step(registers.at(-1)!, byte))
      return sliceChecksum(registers[from]!, registers[to]!, to - from) === crc16(bytes, from, to)
    }))
  })
})
