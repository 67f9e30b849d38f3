import fc from 'fast-check'
import { keySearch } from './key-forms.js'

const key = fc.uint8Array({ minLength: 16, maxLength: 32 })
const WRITTEN: Record<string, (bytes: Buffer) => Buffer> = {
  raw: (bytes) => bytes,
  hex: (bytes) => Buffer.from(bytes.toString('hex')),
  HEX: (bytes) => Buffer.from(bytes.toString('hex').toUpperCase()),
  'wide hex': (bytes) => Buffer.from(bytes.toString('hex'), 'utf16le'),
  base64: (bytes) => Buffer.from(bytes.toString('base64')),
  base64url: (bytes) => Buffer.from(bytes.toString('base64url')),
  json: (bytes) => Buffer.from(JSON.stringify(bytes)),
}

// Seen failing with `at < from + 3` as `at < from + 4`, and with pages looked through only up to their end.
test.each(Object.entries(WRITTEN))('a key written as %s is found wherever it stands, also within something longer', (_form, write) => {
  // Around the end of a page, where the search begins anew.
  fc.assert(fc.property(key, fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 4_060, max: 4_100 }), (secret, before, after, at) => {
    const search = keySearch(new Map([['key', secret]]))
    const piece = Buffer.concat([Buffer.alloc(at), write(Buffer.concat([before, secret, after])), Buffer.alloc(50)])
    expect(search.look(piece).map(({ name }) => name)).toContain('key')
  }), { numRuns: 60 })
})

test('nothing is found where nothing is', () => {
  fc.assert(fc.property(key, fc.uint8Array({ minLength: 100, maxLength: 9_000 }), (secret, piece) => {
    expect(keySearch(new Map([['key', secret]])).look(Buffer.from(Buffer.from(piece).toString('hex')))).toEqual([])
  }), { numRuns: 20 })
})
