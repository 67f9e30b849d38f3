/**
 * The calls of GM/T 0018 this provider makes. One row: our name, the library's symbol, and how each argument crosses.
 * Names and argument lists as in GmSSL's sdf.h, which follows GM/T 0018-2012; vendors differ in structures and ids (models.json).
 */

/**
 * `handle` void* in; `newHandle` void** out; `number` unsigned int; `bytes` bytes in, or NULL; `output` bytes out, of the
 * size given; `length` unsigned int in and out: room before, use after.
 */
export type Argument = 'handle' | 'newHandle' | 'number' | 'bytes' | 'output' | 'length'

export const FUNCTIONS = {
  openDevice: ['SDF_OpenDevice', 'newHandle'],
  closeDevice: ['SDF_CloseDevice', 'handle'],
  openSession: ['SDF_OpenSession', 'handle', 'newHandle'],
  closeSession: ['SDF_CloseSession', 'handle'],
  deviceInfo: ['SDF_GetDeviceInfo', 'handle', 'output'],
  random: ['SDF_GenerateRandom', 'handle', 'number', 'output'],
  /** session, key index, password, its length */
  accessRight: ['SDF_GetPrivateKeyAccessRight', 'handle', 'number', 'bytes', 'number'],
  exportSigningKey: ['SDF_ExportSignPublicKey_ECC', 'handle', 'number', 'output'],
  exportEncryptionKey: ['SDF_ExportEncPublicKey_ECC', 'handle', 'number', 'output'],
  /** session, key index, e, 32, signature */
  sign: ['SDF_InternalSign_ECC', 'handle', 'number', 'bytes', 'number', 'output'],
  /** session, algorithm, public key, e, 32, signature */
  verify: ['SDF_ExternalVerify_ECC', 'handle', 'number', 'bytes', 'bytes', 'number', 'bytes'],
  /** session, bits, algorithm, public key, ECCCipher, key handle */
  newKeyForPublicKey: ['SDF_GenerateKeyWithEPK_ECC', 'handle', 'number', 'number', 'bytes', 'output', 'newHandle'],
  /** session, bits, algorithm, KEK index, wrapped key, its length, key handle */
  newKeyUnderKek: ['SDF_GenerateKeyWithKEK', 'handle', 'number', 'number', 'number', 'output', 'length', 'newHandle'],
  /** session, algorithm, KEK index, wrapped key, its length, key handle */
  importUnderKek: ['SDF_ImportKeyWithKEK', 'handle', 'number', 'number', 'bytes', 'number', 'newHandle'],
  /** session, index, key handle: no call of the standard; models that have it name the symbol (`keyHandle`) */
  storedKey: ['SDF_GetSymmKeyHandle', 'handle', 'number', 'newHandle'],
  destroyKey: ['SDF_DestroyKey', 'handle', 'handle'],
  /** session, key, algorithm, IV, data, length, result, its length */
  encrypt: ['SDF_Encrypt', 'handle', 'handle', 'number', 'bytes', 'bytes', 'number', 'output', 'length'],
  decrypt: ['SDF_Decrypt', 'handle', 'handle', 'number', 'bytes', 'bytes', 'number', 'output', 'length'],
  mac: ['SDF_CalculateMAC', 'handle', 'handle', 'number', 'bytes', 'bytes', 'number', 'output', 'length'],
  /** As A: session, key index, bits, own id, its length, own key, own ephemeral, agreement handle */
  beginAgreement: ['SDF_GenerateAgreementDataWithECC', 'handle', 'number', 'number', 'bytes', 'number', 'output', 'output', 'newHandle'],
  /** As A: session, peer id, its length, peer key, peer ephemeral, agreement handle, key handle */
  finishAgreement: ['SDF_GenerateKeyWithECC', 'handle', 'bytes', 'number', 'bytes', 'bytes', 'handle', 'newHandle'],
  /** As B: session, key index, bits, own id, length, peer id, length, peer key, peer ephemeral, own key, own ephemeral, key handle */
  answerAgreement: [
    'SDF_GenerateAgreementDataAndKeyWithECC',
    ...(['handle', 'number', 'number', 'bytes', 'number', 'bytes', 'number', 'bytes', 'bytes', 'output', 'output', 'newHandle'] as const),
  ],
} as const satisfies Record<string, readonly [string, ...Argument[]]>

export type FunctionName = keyof typeof FUNCTIONS
type ArgumentsOf<N extends FunctionName> = (typeof FUNCTIONS)[N] extends readonly [string, ...infer A extends readonly Argument[]] ? A : never

interface Given {
  handle: bigint
  number: number
  bytes: Uint8Array | null
  /** Size in bytes. */
  output: number
  length: number
}
interface Returned {
  newHandle: bigint
  output: Buffer
  length: number
}

type Inputs<A extends readonly Argument[]> = A extends readonly [infer H extends Argument, ...infer T extends readonly Argument[]]
  ? H extends keyof Given
    ? [Given[H], ...Inputs<T>]
    : Inputs<T>
  : []
type Outputs<A extends readonly Argument[]> = A extends readonly [infer H extends Argument, ...infer T extends readonly Argument[]]
  ? H extends keyof Returned
    ? [Returned[H], ...Outputs<T>]
    : Outputs<T>
  : []

/** What a call is given, in the library's order; arguments that only come back are left out. */
export type InputsOf<N extends FunctionName> = Inputs<ArgumentsOf<N>>
/** What comes back, in the library's order. */
export type OutputsOf<N extends FunctionName> = Outputs<ArgumentsOf<N>>

/** One call as it goes to the process that holds the library. */
export interface CallMessage {
  id: number
  symbol: string
  signature: readonly Argument[]
  inputs: readonly (bigint | number | Uint8Array | null)[]
}

export type AnswerMessage =
  | { ready: true }
  | { failed: string }
  /** `code` as the library returned it; `overrun`: it wrote beyond an output, so its structures are larger than the model says. */
  | { id: number; code: number; outputs: (bigint | number | Uint8Array)[]; overrun: boolean }
  /** The call could not be made: the library has no such function. */
  | { id: number; missing: string }
