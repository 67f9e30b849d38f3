import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, isCurvePoint } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { foundingInput } from '@zhuzhan/osp1'
import { z } from 'zod'
import type { Vault } from '../keys/vault.js'
import type { PersonRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { PersonKeys } from './person-keys.js'
import { EVERY_AREA } from './people.js'
import { markMac, personMac } from './row-macs.js'

/** The first administrators: nobody is there yet to order them in. docs/security/orders.md */

const Id = z.string().regex(/^[0-9A-F]{16}$/)
const Name = z.string().min(1).max(128)

/** Production: public keys from the administrators' own tokens, and everybody's signature over the whole list. */
export const CeremonyFile = z.strictObject({
  administrators: z
    .array(z.strictObject({ person: Id, name: Name, publicKey: z.string().regex(/^[0-9A-F]{130}$/), signature: z.string().regex(/^[0-9A-F]{128}$/) }))
    .min(2)
    .max(16),
})
/** Laboratories: passwords, under which the machine keeps keys it makes itself. */
export const LaboratoryFile = z.strictObject({
  administrators: z.array(z.strictObject({ person: Id, name: Name, password: z.string().min(12).max(256) })).min(2).max(16),
})

export interface FoundingOptions {
  store: MachineStore
  vault: Vault
  engine: Sm2Engine
  personKeys: PersonKeys
  stationId: Buffer
  production: boolean
}

const MARK = 'founded'

/**
 * Enter the first administrators from the file's content, once in the life of a station. A station that has people or
 * ever had them takes none.
 * @returns false when the station was founded before
 * @throws HesError CONFIG_INVALID
 */
export async function foundStation(
  { store, vault, engine, personKeys, stationId, production }: FoundingOptions,
  read: () => Promise<string>,
): Promise<boolean> {
  const mark = await store.mark(MARK)
  if (mark || (await store.people()).length > 0) return false
  const content = await read()
  const invalid = (why: string): HesError => new HesError('CONFIG_INVALID', `first administrators: ${why}`)
  const parse = <S extends z.ZodType>(schema: S): z.infer<S> => {
    try {
      return schema.parse(JSON.parse(content))
    } catch (error) {
      throw new HesError('CONFIG_INVALID', 'first administrators: the file has another form', {}, { cause: error })
    }
  }
  const rows = production ? await fromCeremony(parse(CeremonyFile), engine, stationId, invalid) : await fromLaboratory(parse(LaboratoryFile), personKeys)
  const unique = (values: readonly Buffer[]): boolean => new Set(values.map((value) => value.toString('hex'))).size === values.length
  if (!unique(rows.map((row) => row.id)) || !unique(rows.map((row) => row.publicKey))) throw invalid('one person or key twice')
  const people = rows.map((row) => ({ ...row, rowMac: personMac(vault, row) }))
  const founded = { name: MARK, value: Buffer.concat(rows.map((row) => row.id)) }
  return store.found(people, { ...founded, rowMac: markMac(vault, founded) }, {
    kind: 'founded',
    subject: `${people.length} administrators`,
    detail: Object.fromEntries(people.map((row) => [row.id.toString('hex').toUpperCase(), row.name])),
  })
}

type Bare = Omit<PersonRow, 'rowMac'>
const administrator = (person: string, name: string, publicKey: Buffer): Bare => ({
  id: Buffer.from(person, 'hex'),
  name,
  publicKey,
  roles: ['administrator'],
  areas: [EVERY_AREA],
  state: 'active',
})

async function fromLaboratory({ administrators }: z.infer<typeof LaboratoryFile>, personKeys: PersonKeys): Promise<Bare[]> {
  const rows: Bare[] = []
  for (const { person, name, password } of administrators) {
    const { publicKey } = await personKeys.create({ password })
    rows.push(administrator(person, name, Buffer.from(publicKey, 'hex')))
  }
  return rows
}

async function fromCeremony(
  { administrators }: z.infer<typeof CeremonyFile>,
  engine: Sm2Engine,
  stationId: Buffer,
  invalid: (why: string) => HesError,
): Promise<Bare[]> {
  const input = ceremonyInput(stationId, administrators)
  for (const { person, publicKey, signature } of administrators) {
    const key = Buffer.from(publicKey, 'hex')
    if (!isCurvePoint(key)) throw invalid(`the key of ${person} is not on the curve`)
    if (!(await engine.verify(key, SM2_DEFAULT_ID, input, Buffer.from(signature, 'hex')))) throw invalid(`${person} did not sign this list`)
  }
  return administrators.map(({ person, name, publicKey }) => administrator(person, name, Buffer.from(publicKey, 'hex')))
}

/** What each of them signs: the station and the whole list, so that nobody is slipped in beside them. */
export function ceremonyInput(stationId: Uint8Array, administrators: readonly { person: string; name: string; publicKey: string }[]): Buffer {
  return foundingInput(
    stationId,
    administrators.map(({ person, name, publicKey }) => ({
      kind: 'person',
      person,
      roles: ['administrator'],
      publicKey,
      name,
      areas: [EVERY_AREA.toString('hex').toUpperCase()],
    })),
  )
}
