import fc from 'fast-check'
import { sm4CcmOpen, sm4CcmSeal } from './ccm.js'
import { createNodeGcm, createOpenSslGcm } from './gcm.js'
import { createCcm, createNodeCcm, createOpenSslCcm } from './kept-ccm.js'
import { checkNativeModes, nativeModes } from './native-modes.js'

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const key16 = bytes(16, 16)
const tagLengths = fc.constantFrom(4, 6, 8, 10, 12, 14, 16)

describe.each([
  ['OpenSSL', createOpenSslCcm],
  ['node:crypto', createNodeCcm],
])('CCM of %s', (_name, create) => {
  it('seals like sm4CcmSeal and opens it, text after text under one key', () => {
    // Mutation seen failing: with the AAD left out of the native call every tag over an AAD differs.
    fc.assert(
      fc.property(
        key16,
        fc.array(fc.tuple(bytes(7, 13), bytes(0, 300), bytes(0, 700), tagLengths), { minLength: 1, maxLength: 4 }),
        (key, texts) => {
          const ccm = create(key)
          for (const [nonce, aad, text, tagLength] of texts) {
            const sealed = ccm.seal(nonce, aad, text, tagLength)
            expect(sealed).toEqual(sm4CcmSeal(key, nonce, aad, text, tagLength))
            expect(ccm.open(nonce, aad, sealed.ciphertext, sealed.tag, tagLength)).toEqual(Buffer.from(text))
            expect(sm4CcmOpen(key, nonce, aad, sealed.ciphertext, sealed.tag, tagLength)).toEqual(Buffer.from(text))
          }
          ccm.destroy()
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each([0, 1, 15, 16, 17, 255, 4096, 65_000])('agrees for a text of %i bytes, with and without AAD', (length) => {
    const key = Buffer.alloc(16, 9)
    const ccm = create(key)
    const text = Buffer.alloc(length, 0xa5)
    for (const aad of [Buffer.alloc(0), Buffer.alloc(14, 1), Buffer.alloc(65_000, 2)]) {
      const sealed = ccm.seal(Buffer.alloc(12, 1), aad, text, 16)
      const other = sm4CcmSeal(key, Buffer.alloc(12, 1), aad, text, 16)
      // equals, since Jest compares long buffers byte by byte
      expect(sealed.ciphertext.equals(other.ciphertext) && sealed.tag.equals(other.tag)).toBe(true)
      expect(ccm.open(Buffer.alloc(12, 1), aad, sealed.ciphertext, sealed.tag, 16).equals(text)).toBe(true)
    }
    ccm.destroy()
  })

  it('refuses any changed bit with the one error, and works on afterwards', () => {
    // Mutation seen failing: with the tag comparison taken out every change below is opened.
    fc.assert(
      fc.property(
        key16,
        bytes(12, 12),
        bytes(0, 40),
        bytes(0, 100),
        tagLengths,
        fc.nat(),
        fc.nat(7),
        (key, nonce, aad, text, tagLength, place, bit) => {
          const ccm = create(key)
          const { ciphertext, tag } = ccm.seal(nonce, aad, text, tagLength)
          const parts = [Buffer.from(nonce), Buffer.from(aad), Buffer.from(ciphertext), Buffer.from(tag)] as const
          const whole = parts.reduce((sum, part) => sum + part.length, 0)
          let at = place % whole
          for (const part of parts) {
            if (at >= 0 && at < part.length) part[at] = (part[at] ?? 0) ^ (1 << bit)
            at -= part.length
          }
          expect(() => ccm.open(parts[0], parts[1], parts[2], parts[3], tagLength)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
          expect(ccm.open(nonce, aad, ciphertext, tag, tagLength)).toEqual(Buffer.from(text))
          ccm.destroy()
        },
      ),
    )
  })

  it('takes the tag length from the caller: a shorter or longer tag is wrong', () => {
    const ccm = create(Buffer.alloc(16, 1))
    const nonce = Buffer.alloc(12)
    const { ciphertext, tag } = ccm.seal(nonce, nonce, Buffer.from('text'), 16)
    for (const wrong of [tag.subarray(0, 8), Buffer.alloc(0), Buffer.concat([tag, Buffer.of(0)])]) {
      expect(() => ccm.open(nonce, nonce, ciphertext, wrong, 16)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
    }
    expect(() => ccm.open(nonce, nonce, ciphertext, tag.subarray(0, 8), 8)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
    ccm.destroy()
  })

  it('refuses lengths CCM does not take', () => {
    const ccm = create(Buffer.alloc(16))
    const empty = Buffer.alloc(0)
    for (const nonceLength of [0, 6, 14]) expect(() => ccm.seal(Buffer.alloc(nonceLength), empty, empty, 16)).toThrow(RangeError)
    for (const tagLength of [0, 2, 5, 18]) expect(() => ccm.seal(Buffer.alloc(12), empty, empty, tagLength)).toThrow(RangeError)
    expect(() => ccm.seal(Buffer.alloc(12), Buffer.alloc(0xff00), empty, 16)).toThrow(RangeError)
    expect(() => ccm.seal(Buffer.alloc(13), empty, Buffer.alloc(65_536), 16)).toThrow(RangeError)
    expect(() => create(Buffer.alloc(15))).toThrow(RangeError)
    ccm.destroy()
  })

  it('keeps its own copy of the key and is of no use after destroy', () => {
    const key = Buffer.alloc(16, 5)
    const ccm = create(key)
    const [nonce, empty] = [Buffer.alloc(12), Buffer.alloc(0)]
    const before = ccm.seal(nonce, empty, empty, 16)
    key.fill(0)
    expect(ccm.seal(nonce, empty, empty, 16)).toEqual(before)
    ccm.destroy()
    ccm.destroy()
    expect(() => ccm.seal(nonce, empty, empty, 16)).toThrow('destroyed')
    expect(() => ccm.open(nonce, empty, empty, before.tag, 16)).toThrow('destroyed')
  })
})

it('keeps the keys of many objects apart', () => {
  const keys = Array.from({ length: 50 }, (_, n) => Buffer.alloc(16, n))
  const all = keys.map((key) => createCcm(key))
  const [nonce, text] = [Buffer.alloc(12), Buffer.from('three phases')]
  for (const [n, ccm] of [...all.entries(), ...all.entries()]) {
    expect(ccm.seal(nonce, nonce, text, 16)).toEqual(sm4CcmSeal(keys[n] as Buffer, nonce, nonce, text, 16))
  }
  for (const ccm of all) ccm.destroy()
})

it('leaves no round keys behind in a destroyed object', () => {
  // Mutation seen failing: without the fill in `erase`.
  const schedules: Buffer[] = []
  const watched = { ...nativeModes(), schedule: (key: Uint8Array) => (schedules.push(nativeModes().schedule(key)), schedules.at(-1) as Buffer) }
  const ccm = createOpenSslCcm(Buffer.alloc(16, 1), watched)
  expect(schedules[0]?.some((byte) => byte !== 0)).toBe(true)
  ccm.destroy()
  expect(schedules).toEqual([Buffer.alloc(128)])
})

it('falls back to node:crypto where the FFI library does not load', async () => {
  // Mutation seen failing: without the catch in createCcm the error of the library reaches the caller.
  // @types/jest does not know the mocking of ES modules yet
  const mocks = import.meta.jest as unknown as { resetModules(): void; unstable_mockModule(path: string, make: () => object): void }
  mocks.resetModules()
  mocks.unstable_mockModule('../native/koffi.js', () => ({
    loadKoffi: () => {
      throw new Error('no binary for this platform')
    },
  }))
  const alone = await import('./kept-ccm.js')
  const { sm4Gcm } = await import('./gcm.js')
  const [key, nonce, text] = [Buffer.alloc(16, 3), Buffer.alloc(12), Buffer.from('text')]
  expect(() => alone.createOpenSslCcm(key)).toThrow('no binary')
  expect(alone.createCcm(key).seal(nonce, nonce, text, 16)).toEqual(sm4CcmSeal(key, nonce, nonce, text, 16))
  expect(sm4Gcm(key).seal(nonce, nonce, text)).toEqual(createOpenSslGcm(key).seal(nonce, nonce, text))
})

it('does not take a native mode that answers wrongly', () => {
  // Mutation seen failing: without the comparison in checkNativeModes.
  const modes = nativeModes()
  expect(() => checkNativeModes(modes)).not.toThrow()
  expect(() => checkNativeModes({ ...modes, ccm: () => undefined })).toThrow('SM4-CCM known answer')
  expect(() =>
    checkNativeModes({ ...modes, gcm: (direction, schedule, nonce, _aad, text, out, tag) => modes.gcm(direction, schedule, nonce, nonce, text, out, tag) }),
  ).toThrow('SM4-GCM known answer')
})

describe.each([
  ['OpenSSL', createOpenSslGcm],
  ['node:crypto', createNodeGcm],
])('GCM of %s', (_name, create) => {
  it('agrees with the other, opens what it sealed and refuses any changed bit', () => {
    // Mutation seen failing: with the tag comparison of gcmOf taken out.
    fc.assert(
      fc.property(key16, bytes(12, 12), bytes(0, 100), bytes(0, 300), fc.nat(), fc.nat(7), (key, nonce, aad, text, place, bit) => {
        const gcm = create(key)
        const { ciphertext, tag } = gcm.seal(nonce, aad, text)
        expect(createNodeGcm(key).seal(nonce, aad, text)).toEqual({ ciphertext, tag })
        expect(gcm.open(nonce, aad, ciphertext, tag)).toEqual(Buffer.from(text))
        const whole = Buffer.concat([ciphertext, tag])
        const at = place % whole.length
        whole[at] = (whole[at] as number) ^ (1 << bit)
        const [changed, changedTag] = [whole.subarray(0, -16), whole.subarray(-16)]
        expect(() => gcm.open(nonce, aad, changed, changedTag)).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
        expect(() => gcm.open(nonce, aad, ciphertext, tag.subarray(0, 12))).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
      }),
    )
  })

  it('refuses lengths it does not take', () => {
    const gcm = create(Buffer.alloc(16))
    const empty = Buffer.alloc(0)
    expect(() => gcm.seal(Buffer.alloc(13), empty, empty)).toThrow(RangeError)
    for (const tagLength of [0, 4, 11, 17]) expect(() => gcm.open(Buffer.alloc(12), empty, empty, empty, tagLength)).toThrow(RangeError)
  })
})
