import { loadKoffi } from '../../native/koffi.js'

/** A native pointer as koffi 3 gives it; 0n is NULL. */
export type Pointer = bigint

type Sync<A extends unknown[], R> = (...args: A) => R
type Slow<A extends unknown[], R> = Sync<A, R> & { async: (...args: [...A, (error: Error | null, result: R) => void]) => void }
type Bytes = Uint8Array | null

/** The functions of libcrypto that Node itself exports and this engine needs. */
export interface OpenSsl {
  version(what: number): string
  clearErrors(): void
  sm3(): Pointer
  privateKeyFromDer(reuse: null, der: [Uint8Array], length: number): Pointer
  publicKeyFromDer(reuse: null, der: [Uint8Array], length: number): Pointer
  keyUpRef(key: Pointer): number
  keyFree(key: Pointer): void
  keyContextNew(key: Pointer, engine: null): Pointer
  keyContextSetId(context: Pointer, id: Uint8Array, length: number): number
  keyContextFree(context: Pointer): void
  digestContextNew(): Pointer
  digestContextFree(context: Pointer): void
  digestContextSetKeyContext(context: Pointer, keyContext: Pointer): void
  signInit(context: Pointer, keyContext: null, digest: Pointer, engine: null, key: Pointer): number
  verifyInit(context: Pointer, keyContext: null, digest: Pointer, engine: null, key: Pointer): number
  sign: Slow<[context: Pointer, signature: Uint8Array, signatureLength: [number | bigint], message: Bytes, messageLength: number], number>
  verify: Slow<[context: Pointer, signature: Uint8Array, signatureLength: number, message: Bytes, messageLength: number], number>
  curveId(shortName: string): number
  groupNew(curve: number): Pointer
  groupFree(group: Pointer): void
  pointNew(group: Pointer): Pointer
  pointFree(point: Pointer): void
  pointFromBytes(group: Pointer, point: Pointer, bytes: Uint8Array, length: number, context: null): number
  pointToBytes(group: Pointer, point: Pointer, form: number, out: Uint8Array, length: number, context: null): number
  pointMultiply: Slow<
    [group: Pointer, result: Pointer, baseScalar: Pointer | null, point: Pointer | null, scalar: Pointer | null, context: null],
    number
  >
  pointAdd(group: Pointer, result: Pointer, a: Pointer, b: Pointer, context: null): number
  numberFromBytes(bytes: Uint8Array, length: number, reuse: null): Pointer
  numberClearFree(number: Pointer): void
}

const SIGNATURES: Record<keyof OpenSsl, string> = {
  version: 'const char *OpenSSL_version(int what)',
  clearErrors: 'void ERR_clear_error()',
  sm3: 'void *EVP_sm3()',
  privateKeyFromDer: 'void *d2i_AutoPrivateKey(void *reuse, const uint8_t **der, long length)',
  publicKeyFromDer: 'void *d2i_PUBKEY(void *reuse, const uint8_t **der, long length)',
  keyUpRef: 'int EVP_PKEY_up_ref(void *key)',
  keyFree: 'void EVP_PKEY_free(void *key)',
  keyContextNew: 'void *EVP_PKEY_CTX_new(void *key, void *engine)',
  keyContextSetId: 'int EVP_PKEY_CTX_set1_id(void *context, const uint8_t *id, int length)',
  keyContextFree: 'void EVP_PKEY_CTX_free(void *context)',
  digestContextNew: 'void *EVP_MD_CTX_new()',
  digestContextFree: 'void EVP_MD_CTX_free(void *context)',
  digestContextSetKeyContext: 'void EVP_MD_CTX_set_pkey_ctx(void *context, void *keyContext)',
  signInit: 'int EVP_DigestSignInit(void *context, void *keyContext, void *digest, void *engine, void *key)',
  verifyInit: 'int EVP_DigestVerifyInit(void *context, void *keyContext, void *digest, void *engine, void *key)',
  sign: 'int EVP_DigestSign(void *context, _Out_ uint8_t *signature, _Inout_ size_t *signatureLength, const uint8_t *message, size_t length)',
  verify: 'int EVP_DigestVerify(void *context, const uint8_t *signature, size_t signatureLength, const uint8_t *message, size_t length)',
  curveId: 'int OBJ_sn2nid(const char *shortName)',
  groupNew: 'void *EC_GROUP_new_by_curve_name(int curve)',
  groupFree: 'void EC_GROUP_free(void *group)',
  pointNew: 'void *EC_POINT_new(void *group)',
  pointFree: 'void EC_POINT_clear_free(void *point)',
  pointFromBytes: 'int EC_POINT_oct2point(void *group, void *point, const uint8_t *bytes, size_t length, void *context)',
  pointToBytes: 'size_t EC_POINT_point2oct(void *group, void *point, int form, _Out_ uint8_t *out, size_t length, void *context)',
  pointMultiply: 'int EC_POINT_mul(void *group, void *result, void *baseScalar, void *point, void *scalar, void *context)',
  pointAdd: 'int EC_POINT_add(void *group, void *result, void *a, void *b, void *context)',
  numberFromBytes: 'void *BN_bin2bn(const uint8_t *bytes, int length, void *reuse)',
  numberClearFree: 'void BN_clear_free(void *number)',
}

let bound: OpenSsl | undefined

/**
 * Bind the OpenSSL inside the Node process (`koffi.load(null)`), once per process.
 * @throws Error when a symbol is missing: a Node built with another library, or without exported symbols
 */
export function bindOpenSsl(): OpenSsl {
  if (!bound) {
    const library = loadKoffi().load(null)
    const table = Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)] as const)
    bound = Object.fromEntries(table) as unknown as OpenSsl
  }
  return bound
}
