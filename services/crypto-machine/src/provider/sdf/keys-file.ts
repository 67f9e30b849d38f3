import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { HesError, errorText } from '@zhuzhan/core'
import { parseCertificate } from '@zhuzhan/gm-crypto'
import type { Sm2Certificate } from '@zhuzhan/gm-crypto'
import { PURPOSES } from '@zhuzhan/osp1'
import { z } from 'zod'
import { readSecretFile } from '../../keys/master-key-file.js'

const index = z.number().int().min(0).max(0xffff_ffff)
const wrapped = z.string().regex(/^([0-9A-Fa-f]{2}){16,1024}$/).transform((text) => Buffer.from(text, 'hex')).optional()

/** Which key of the device serves what. `index` of a symmetric key is its KEK, or its own place where the model says `stored`. */
const keysFile = z.strictObject({
  /** SM2: dA signs CONNECTs and agrees keys. */
  station: index,
  /** SM2: signs heads of the audit log, and nothing else. */
  audit: index,
  /** SM2, laboratory only: the authorities whose keys the device holds too. */
  stationAuthority: index.optional(),
  deviceAuthority: index.optional(),
  /** PEM files beside this one: made elsewhere for the device's own keys. */
  certificates: z.strictObject({ station: z.string(), deviceAuthority: z.string() }).partial().default({}),
  /** One row for each root key. `wrapped`: hex, as the key ceremony gave it; without it the device makes the key at the first start. */
  roots: z
    .array(
      z.strictObject({
        keyState: z.union([z.literal(0), z.literal(1)]),
        keyVersion: z.number().int().min(1).max(255),
        purpose: z.enum(PURPOSES as [string, ...string[]]),
        index,
        wrapped,
      }),
    )
    .min(1),
  /** Further keys by name, SM1 and SM7 among them; what uses them names them. */
  working: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), algorithm: z.enum(['SM1', 'SM4', 'SM7']), index, wrapped }))
    .default([]),
})
export type SdfKeys = Omit<z.output<typeof keysFile>, 'certificates'> & {
  certificates: { station: Sm2Certificate | undefined; deviceAuthority: Sm2Certificate | undefined }
}

/** @throws HesError CONFIG_INVALID naming what is wrong, never a value */
export function readKeysFile(path: string): SdfKeys {
  try {
    const file = keysFile.parse(JSON.parse(readFileSync(path, 'utf8')))
    const certificate = (name: string | undefined): Sm2Certificate | undefined =>
      name === undefined ? undefined : parseCertificate(readFileSync(resolve(dirname(path), name), 'utf8'))
    unique('roots', file.roots.map(({ keyState, keyVersion, purpose }) => `${keyState}/${keyVersion}/${purpose}`))
    unique('working', file.working.map(({ name }) => name))
    const { station, deviceAuthority } = file.certificates
    return { ...file, certificates: { station: certificate(station), deviceAuthority: certificate(deviceAuthority) } }
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ') : errorText(error)
    throw new HesError('CONFIG_INVALID', `ZHUZHAN_SDF_KEYS_FILE ${path}: ${reason}`, {}, { cause: error })
  }
}

function unique(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new RangeError(`${what}: ${twice} stands there twice`)
}

/**
 * Access passwords of SM2 keys: one line each, `INDEX PASSWORD`; empty lines and lines that begin with # do not count.
 * @throws HesError CONFIG_INVALID when one of these indexes has none, or others may read the file in production
 */
export async function readPasswords(path: string, indexes: readonly number[], production: boolean): Promise<Map<number, Buffer>> {
  const text = (await readSecretFile('ZHUZHAN_SDF_PASSWORD_FILE', path, production)).toString('utf8')
  const all = new Map<number, Buffer>()
  for (const line of text.split(/\r?\n/)) {
    const [, number, password] = /^(\d+)\s+(\S.*)$/.exec(line) ?? []
    if (number !== undefined && password !== undefined) all.set(Number(number), Buffer.from(password))
  }
  return new Map(
    [...new Set(indexes)].map((one) => {
      const password = all.get(one)
      if (!password) throw new HesError('CONFIG_INVALID', `${path} holds no password for the SM2 key ${one}`)
      return [one, password]
    }),
  )
}
