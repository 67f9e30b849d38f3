import { z } from 'zod'

/** Answers of GET /policy. What the data means is said in packages/policy, which is where it comes from. */

const Words = z.object({ en: z.string(), zh: z.string() }).meta({ id: 'Words' })
const Cipher = z.enum(['SM1', 'SM2', 'SM3', 'SM4', 'SM7'])

const DecidedCipherAnswer = z.object({
  asked: Cipher.describe('what the table names'),
  runs: Cipher.describe('what is computed in its place here'),
  by: z.enum(['software', 'hardware only', 'substituted']).describe('`hardware only`: inside a GM/T 0018 device or not at all; `substituted`: a laboratory runs SM4 instead'),
  available: z.boolean().describe('false: this configuration has nothing that could run it, so the session is refused'),
}).meta({ id: 'DecidedCipher' })

const KeyKindAnswer = z.object({ kind: z.string(), words: Words }).meta({ id: 'KeyKind' })
const row = z.string().describe('row of the mission')

export const PolicyAnswer = z.object({
  settings: z.object({
    production: z.boolean(),
    hardware: z.array(z.enum(['SM1', 'SM7'])).describe('unpublished algorithms a GM/T 0018 device is configured for'),
    laboratory: z.array(z.enum(['SM1', 'SM7'])).describe('unpublished algorithms a laboratory replaces by SM4; empty in production'),
  }),
  modules: z.array(z.object({
    module: z.string(),
    words: Words,
    chip: z.string(),
    chipWords: Words,
    algorithms: z.array(DecidedCipherAnswer),
    binding: z.array(DecidedCipherAnswer).describe('what the binding with the management module may use; empty where there is none'),
    keys: z.array(KeyKindAnswer),
    access: Words,
    row,
  })).describe('Table I'),
  boundaries: z.array(z.object({
    boundary: z.string(),
    words: Words,
    order: Words,
    peers: z.array(z.object({
      peer: z.string(),
      words: Words,
      pairing: z.literal('QR').nullable(),
      authentication: DecidedCipherAnswer,
      encryption: DecidedCipherAnswer,
      integrity: DecidedCipherAnswer,
      keys: z.array(KeyKindAnswer),
      outsideControl: z.boolean().describe('not under the grid\'s control'),
      access: Words,
      row,
    })),
  })).describe('Tables II and III'),
  ciphers: z.array(z.object({ cipher: Cipher, type: z.enum(['symmetric', 'asymmetric', 'hash']), typeWords: Words, bits: z.int(), tableBits: z.int(), use: Words, row })).describe('Table IV'),
  seal: z.object({ words: Words, carrier: Words, algorithms: z.array(DecidedCipherAnswer), properties: z.array(Words), usedAt: z.array(Words), row }),
  data: z.object({
    storage: z.object({ words: Words, encrypted: Words, integrity: Words, row }),
    transmission: z.object({ words: Words, encryption: z.array(DecidedCipherAnswer), integrity: z.array(DecidedCipherAnswer), chosenBy: Words, row }),
    northbound: z.object({ words: Words, rule: Words, row }),
  }),
}).meta({ id: 'Policy' })
export type PolicyAnswer = z.infer<typeof PolicyAnswer>
