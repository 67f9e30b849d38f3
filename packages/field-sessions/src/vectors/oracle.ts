import { createRequire } from 'node:module'

/**
 * FSP-1 written down a second time, for tests: from the tables of docs/security/field-sessions.md with the primitives of
 * sm-crypto (another implementation of SM2, SM3 and SM4) and nothing of ours.
 */
const { sm2, sm3: sm3Hex, sm4 } = createRequire(import.meta.url)('sm-crypto') as {
  sm2: { doVerifySignature(m: number[], s: string, p: string, o: object): boolean }
  sm3(m: number[]): string
  sm4: { encrypt(m: number[], key: number[], o: object): number[] }
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex')
export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
export const cat = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts)
export const number4 = (value: number): Buffer => hex(value.toString(16).padStart(8, '0'))
const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))

export const sm3 = (...parts: readonly Uint8Array[]): Buffer => hex(sm3Hex([...cat(...parts)]))

/** RFC 2104 over SM3. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const padded = cat(key.length > 64 ? sm3(key) : key, Buffer.alloc(64)).subarray(0, 64)
  const pad = (byte: number): Buffer => Buffer.from(padded.map((one) => one ^ byte))
  return sm3(pad(0x5c), sm3(pad(0x36), ...parts))
}

export const block = (key: Uint8Array, data: Uint8Array): Buffer => Buffer.from(sm4.encrypt([...data], [...key], { padding: 'none', output: 'array' }))

export function cbcMac(key: Uint8Array, blocks: Uint8Array): Buffer {
  let state: Buffer = Buffer.alloc(16)
  for (let at = 0; at < blocks.length; at += 16) state = block(key, xor(state, blocks.subarray(at, at + 16)))
  return state
}

/** RFC 4493, subkeys by BigInt. */
export function cmac(key: Uint8Array, message: Uint8Array): Buffer {
  const twice = (value: bigint): bigint => ((value << 1n) & ((1n << 128n) - 1n)) ^ (value >> 127n ? 0x87n : 0n)
  const asBytes = (value: bigint): Buffer => hex(value.toString(16).padStart(32, '0'))
  const k1 = twice(BigInt(`0x${block(key, Buffer.alloc(16)).toString('hex')}`))
  const full = message.length > 0 && message.length % 16 === 0
  const body = full ? Buffer.from(message) : cat(message, hex('80'), Buffer.alloc((15 - (message.length % 16)) % 16))
  return cbcMac(key, cat(body.subarray(0, -16), xor(body.subarray(-16), asBytes(full ? k1 : twice(k1)))))
}

const pad16 = (bytes: Uint8Array): Buffer => cat(bytes, Buffer.alloc((16 - (bytes.length % 16)) % 16))

/** RFC 3610 with L = 3, M = 16. */
export function ccm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Buffer {
  const mac = cbcMac(key, cat(hex('7a'), nonce, number4(text.length).subarray(1), pad16(cat(number4(aad.length).subarray(2), aad)), pad16(text)))
  return cat(ctr(key, cat(hex('02'), nonce, hex('000001')), text), xor(mac, block(key, cat(hex('02'), nonce, hex('000000')))))
}

/** Counter in the last three bytes; no vector is so long that it wraps. */
export function ctr(key: Uint8Array, first: Uint8Array, text: Uint8Array): Buffer {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < text.length; at += 16, i++) {
    const counter = Buffer.from(first)
    counter.writeUIntBE(counter.readUIntBE(13, 3) + i, 13, 3)
    parts.push(xor(text.subarray(at, at + 16), block(key, counter)))
  }
  return cat(...parts)
}

export const verifies = (publicKey: string, message: Uint8Array, signature: Uint8Array): boolean =>
  sm2.doVerifySignature([...message], Buffer.from(signature).toString('hex'), publicKey, { hash: true, publicKey, userId: '1234567812345678' })

export const prf = (key: Uint8Array, label: string, context: Uint8Array): Buffer => {
  if (context.length !== 48) throw new RangeError('context')
  return cbcMac(key, cat(ascii(label), hex('0000000100000080'), context))
}
