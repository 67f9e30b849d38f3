import { randomBytes } from 'node:crypto'
import type { BlockCipher } from '../cipher/port.js'

/** What every block cipher behind the port must keep to, a chip's adapter too. */
export function blockCipherSuite(name: string, open: () => BlockCipher): void {
  describe(`block cipher port: ${name}`, () => {
    const cipher = open()
    const [key, blocks] = [randomBytes(16), randomBytes(64)]

    it('encrypts each block by itself', async () => {
      const k = await cipher.importKey(key)
      const whole = await k.encrypt(blocks)
      expect(whole).toHaveLength(64)
      for (let at = 0; at < 64; at += 16) expect(await k.encrypt(blocks.subarray(at, at + 16))).toEqual(whole.subarray(at, at + 16))
      expect(whole.subarray(0, 16)).not.toEqual(blocks.subarray(0, 16))
    })
    it('MACs by chaining the same permutation from 0', async () => {
      const k = await cipher.importKey(key)
      let chained: Buffer = Buffer.alloc(16)
      for (let at = 0; at < 64; at += 16) chained = await k.encrypt(chained.map((byte, i) => byte ^ (blocks[at + i] ?? 0)))
      expect(await k.mac(blocks)).toEqual(chained)
    })
    it('different keys, different permutations; a copy of the key is not a reference to it', async () => {
      const bytes = Buffer.from(key)
      const [a, b, other] = [await cipher.importKey(bytes), await cipher.importKey(key), await cipher.importKey(randomBytes(16))]
      bytes.fill(0)
      expect(await a.encrypt(blocks)).toEqual(await b.encrypt(blocks))
      expect(await a.encrypt(blocks)).not.toEqual(await other.encrypt(blocks))
    })
    it('keys work independently of each other\'s end', async () => {
      const [a, b] = [await cipher.importKey(key), await cipher.importKey(key)]
      const before = await b.mac(blocks)
      a.erase()
      expect(await b.mac(blocks)).toEqual(before)
    })
    it('refuses half blocks', async () => {
      const k = await cipher.importKey(key)
      await expect(k.encrypt(randomBytes(15))).rejects.toThrow(RangeError)
      await expect(k.mac(randomBytes(17))).rejects.toThrow(RangeError)
      await expect(k.mac(Buffer.alloc(0))).rejects.toThrow(RangeError)
    })
  })
}
