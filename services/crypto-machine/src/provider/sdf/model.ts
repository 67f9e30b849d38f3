import { readFileSync } from 'node:fs'
import { HesError, errorText } from '@zhuzhan/core'
import { z } from 'zod'
import type { CipherName } from '../provider.js'
import type { FunctionName } from './library/functions.js'

/**
 * What differs from device to device: algorithm ids, structure sizes, and calls beyond the standard. A table, so that a new
 * device is a row and not a change of the program; docs/security/hardware.md shows it for people.
 */
export interface SdfModel {
  name: string
  /** Bits of one coordinate field in ECCrefPublicKey, ECCSignature and ECCCipher. The 32-byte value stands at its end. */
  fieldBits: 256 | 512
  /** uiAlgID of SDF_ExternalVerify_ECC, and of keys wrapped for an SM2 public key. */
  sm2: { sign: number; encrypt: number }
  /** Base ids; the mode is added: ECB 1, CBC 2, MAC 10H (GM/T 0006). Only what stands here is ever asked of the device. */
  ciphers: Partial<Record<CipherName, { base: number; block: 8 | 16 }>>
  /** uiAlgID of SDF_GenerateKeyWithKEK and SDF_ImportKeyWithKEK, and the room for a wrapped 128-bit key. */
  kek: { algorithm: number; wrappedBytes: number }
  /** Which pair of a key index the agreement calls use. */
  agreementPair: 'encryption' | 'signing'
  /**
   * How root keys are reached. `kek`: wrapped in our database, imported under a KEK (standard calls only). `stored`: by
   * index inside the device, through a call of the vendor whose symbol is `keyHandle`.
   */
  rootKeys: 'kek' | 'stored'
  keyHandle: string
}

export const MODES = { ecb: 0x01, cbc: 0x02, mac: 0x10 } as const
export type CipherMode = keyof typeof MODES

const id = z.string().regex(/^0x[0-9A-Fa-f]{1,8}$/).transform(Number)
const cipher = z.strictObject({ base: id, block: z.union([z.literal(8), z.literal(16)]) })
const row = z.strictObject({
  /** A built-in row this one differs from only in what it states. */
  extends: z.string().optional(),
  /** Where the figures come from. For people. */
  source: z.string().min(1),
  fieldBits: z.union([z.literal(256), z.literal(512)]).optional(),
  sm2: z.strictObject({ sign: id, encrypt: id }).partial().optional(),
  ciphers: z.strictObject({ SM1: cipher, SM4: cipher, SM7: cipher }).partial().optional(),
  kek: z.strictObject({ algorithm: id, wrappedBytes: z.number().int().min(16).max(1024) }).partial().optional(),
  agreementPair: z.enum(['encryption', 'signing']).optional(),
  rootKeys: z.enum(['kek', 'stored']).optional(),
  keyHandle: z.string().regex(/^\w+$/).optional(),
})
type Row = z.output<typeof row>

const BUILT_IN = new URL('./models.json', import.meta.url)

/** Every built-in row by name. */
export function builtInModels(): Record<string, SdfModel> {
  const rows = z.record(z.string(), row).parse(JSON.parse(readFileSync(BUILT_IN, 'utf8')))
  return Object.fromEntries(Object.keys(rows).map((name) => [name, resolve(name, rows)]))
}

/**
 * The model of this name, or of this JSON file (a path ending in `.json`) with one row.
 * @throws HesError CONFIG_INVALID
 */
export function loadModel(nameOrFile: string): SdfModel {
  try {
    const rows = z.record(z.string(), row).parse(JSON.parse(readFileSync(BUILT_IN, 'utf8')))
    if (!nameOrFile.endsWith('.json')) return resolve(nameOrFile, rows)
    const own = row.parse(JSON.parse(readFileSync(nameOrFile, 'utf8')))
    return resolve(nameOrFile, { ...rows, [nameOrFile]: own })
  } catch (error) {
    throw new HesError('CONFIG_INVALID', `ZHUZHAN_SDF_MODEL ${nameOrFile}: ${errorText(error)}`, {}, { cause: error })
  }
}

function resolve(name: string, rows: Readonly<Record<string, Row>>, seen: readonly string[] = []): SdfModel {
  const own = Object.hasOwn(rows, name) ? rows[name] : undefined
  if (!own) throw new RangeError(`there is no device model '${name}'; known: ${Object.keys(rows).join(', ')}`)
  if (seen.includes(name)) throw new RangeError(`device model '${name}' extends itself`)
  const base: Partial<SdfModel> = own.extends === undefined ? {} : resolve(own.extends, rows, [...seen, name])
  const { extends: _base, source: _source, ...fields } = own
  const merged = {
    keyHandle: 'SDF_GetSymmKeyHandle',
    ...base,
    ...fields,
    sm2: { ...base.sm2, ...own.sm2 },
    ciphers: { ...base.ciphers, ...own.ciphers },
    kek: { ...base.kek, ...own.kek },
    name,
  }
  const missing = [merged.fieldBits, merged.sm2.sign, merged.sm2.encrypt, merged.ciphers.SM4, merged.kek.algorithm, merged.kek.wrappedBytes]
  if ([...missing, merged.agreementPair, merged.rootKeys].some((value) => value === undefined))
    throw new RangeError(`device model '${name}' is not complete: extend a built-in one`)
  return merged as SdfModel
}

/** Symbols of this model that are not the standard's. */
export function symbolsOf(model: SdfModel): Partial<Record<FunctionName, string>> {
  return { storedKey: model.keyHandle }
}

/** uiAlgID of a cipher in a mode. @throws RangeError for a cipher the model does not list */
export function algorithmId(model: SdfModel, name: CipherName, mode: CipherMode): number {
  const entry = model.ciphers[name]
  if (!entry) throw new RangeError(`${name} is not in the table of ${model.name}`)
  return entry.base | MODES[mode]
}
