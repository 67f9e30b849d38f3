import { loadKoffi } from '../native/koffi.js'

type Pointer = bigint

interface CipherSymbols {
  contextNew(): Pointer
  contextFree(context: Pointer): void
  setPadding(context: Pointer, pad: number): number
  init(context: Pointer, cipher: Pointer | null, engine: null, key: Uint8Array, iv: Uint8Array | null): number
  update(context: Pointer, out: Uint8Array, outLength: Int32Array, input: Uint8Array, inputLength: number): number
  cbc(): Pointer
  ecb(): Pointer
}

// Out parameters are plain pointers into the given arrays: koffi then passes their address instead of copying.
const SIGNATURES: Record<keyof CipherSymbols, string> = {
  contextNew: 'void *EVP_CIPHER_CTX_new()',
  contextFree: 'void EVP_CIPHER_CTX_free(void *context)',
  setPadding: 'int EVP_CIPHER_CTX_set_padding(void *context, int pad)',
  init: 'int EVP_EncryptInit_ex(void *context, void *cipher, void *engine, const void *key, const void *iv)',
  update: 'int EVP_EncryptUpdate(void *context, void *out, void *outLength, const void *in, int inputLength)',
  cbc: 'void *EVP_sm4_cbc()',
  ecb: 'void *EVP_sm4_ecb()',
}

/** SM4-CBC and SM4-ECB contexts of one key at a time, reusable: a new key costs about 1 µs, a call into the library 0.2. */
export interface CipherPair {
  /** Start both with this key; the CBC chain starts at zero. The key before it is overwritten. */
  rekey(key: Uint8Array): void
  /** The CBC chain goes on from call to call. Whole blocks, in place. */
  cbc(blocks: Uint8Array, length: number): void
  /** Whole blocks, in place. */
  ecb(blocks: Uint8Array, length: number): void
  /** Give both back to the library, which wipes what it frees. */
  free(): void
}

const ZERO = Buffer.alloc(16)
let symbols: CipherSymbols | undefined

function bind(): CipherSymbols {
  if (!symbols) {
    const library = loadKoffi().load(null)
    const table = Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)] as const)
    symbols = Object.fromEntries(table) as unknown as CipherSymbols
  }
  return symbols
}

/** @throws Error where the FFI library or a symbol is missing */
export function createCipherPair(): CipherPair {
  const ssl = bind()
  const written = new Int32Array(1)
  const start = (cipher: Pointer): Pointer => {
    const context = ssl.contextNew()
    if (!context || ssl.init(context, cipher, null, ZERO, ZERO) !== 1 || ssl.setPadding(context, 0) !== 1) {
      if (context) ssl.contextFree(context)
      throw new Error('OpenSSL gave no SM4 context')
    }
    return context
  }
  const cbc = start(ssl.cbc())
  const ecb = start(ssl.ecb())
  const run = (context: Pointer, blocks: Uint8Array, length: number): void => {
    if (ssl.update(context, blocks, written, blocks, length) !== 1 || written[0] !== length) throw new Error('SM4 in OpenSSL failed')
  }
  return {
    rekey(key) {
      if (ssl.init(cbc, null, null, key, ZERO) !== 1 || ssl.init(ecb, null, null, key, null) !== 1) throw new Error('SM4 in OpenSSL refused its key')
    },
    cbc: (blocks, length) => run(cbc, blocks, length),
    ecb: (blocks, length) => run(ecb, blocks, length),
    free() {
      ssl.contextFree(cbc)
      ssl.contextFree(ecb)
    },
  }
}
