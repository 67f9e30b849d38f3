import { readFileSync } from 'node:fs'
import { DecodeError } from '@zhuzhan/codec'
import { ssal } from '../index.js'

interface Vector {
  name: string
  hex: string
  json: object
}

const vectors = JSON.parse(readFileSync(new URL('../../vectors/frames-ssal.json', import.meta.url), 'utf8')) as Vector[]

describe.each(vectors)('$name', ({ hex, json }) => {
  const bytes = Buffer.from(hex, 'hex')

  it('decodes', () => expect(ssal.toJson(bytes)).toEqual(json))
  it('encodes', () => expect(ssal.fromJson(json).toString('hex').toUpperCase()).toBe(hex))

  it('is refused with any byte gone or any bit changed', () => {
    const shorter = Array.from(bytes, (_, size) => bytes.subarray(0, size))
    const flipped = Array.from({ length: 8 * bytes.length }, (_, bit) => {
      const wrong = Buffer.from(bytes)
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      return wrong
    })
    expect([...shorter, ...flipped].filter((wrong) => !isRefused(wrong))).toEqual([])
  })
})

function isRefused(bytes: Buffer): boolean {
  try {
    ssal.toJson(bytes)
    return false
  } catch (error) {
    return error instanceof DecodeError && error.code === 'FRAME_INVALID'
  }
}
