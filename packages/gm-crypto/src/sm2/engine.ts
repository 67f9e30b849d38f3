/** Point 04 || x || y (65 bytes), scalar 32 bytes big-endian, signature raw r || s (64 bytes). */
export interface Sm2KeyPair {
  privateKey: Buffer
  publicKey: Buffer
}

export interface Sm2Exchange {
  /** True for the initiator A: its Z and its ephemeral point come first in every hash. */
  initiator: boolean
  own: { privateKey: Uint8Array; publicKey: Uint8Array; id: Uint8Array; ephemeral: Sm2KeyPair }
  peer: { publicKey: Uint8Array; id: Uint8Array; ephemeral: Uint8Array }
  /** Length of the agreed key in bytes. */
  keyLength: number
}

export interface Sm2Agreed {
  key: Buffer
  /** Confirmation sent by B (prefix 02). */
  sB: Buffer
  /** Confirmation sent by A (prefix 03). */
  sA: Buffer
}

/**
 * What a back end must bring. Everything else (encryption, key exchange) is built on it once, in engine-operations.ts.
 * Points from outside are checked by every function; infinity and off-curve points give AUTH_FAILED.
 */
export interface Sm2Core {
  readonly name: string
  /**
   * Signature over Z(id) and the message. The ID is always given. The private key is taken at once; the message must not change
   * before the promise is settled, since another thread reads it.
   */
  sign(privateKey: Uint8Array, id: Uint8Array, message: Uint8Array): Promise<Buffer>
  /** False for everything that is not a valid signature: wrong lengths and bad points included. */
  verify(publicKey: Uint8Array, id: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  /** scalar * point, or scalar * G without a point. Scalar in [1, n-1]. */
  multiply(scalar: Uint8Array, point?: Uint8Array): Promise<Buffer>
  /** a + b. Infinity as a result gives AUTH_FAILED. */
  add(a: Uint8Array, b: Uint8Array): Promise<Buffer>
  /** Free native objects. The engine is unusable afterwards. */
  close(): void
}

/** SM2 as the rest of the system sees it: one interface, one conformance suite, several engines. */
export interface Sm2Engine extends Sm2Core {
  generateKeyPair(): Promise<Sm2KeyPair>
  publicKeyOf(privateKey: Uint8Array): Promise<Buffer>
  /** C1 (65 bytes), C3 (32), C2 (as long as the text); see ciphertext.ts for the byte orders. Empty text is refused. */
  encrypt(publicKey: Uint8Array, plaintext: Uint8Array): Promise<Sm2Ciphertext>
  /** @throws HesError AUTH_FAILED, the same for every cause */
  decrypt(privateKey: Uint8Array, ciphertext: Sm2Ciphertext): Promise<Buffer>
  /** GB/T 32918.3. @throws HesError AUTH_FAILED for a point off the curve or U at infinity */
  agree(exchange: Sm2Exchange): Promise<Sm2Agreed>
}

export interface Sm2Ciphertext {
  c1: Buffer
  c3: Buffer
  c2: Buffer
}
