import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { AUTHORITY_OPERATIONS, CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { describeSigned, signedInput } from '@zhuzhan/osp1'
import { each, eachNow } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { Devices } from '../keys/devices.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { PlaceRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { ReleaseKey } from '../firmware/release-key.js'
import { foundStation } from './founding.js'
import { createOrderEffects } from './order-effects.js'
import { createOrders } from './orders.js'
import { createPeople } from './people.js'
import type { People } from './people.js'
import { createPersonKeys } from './person-keys.js'
import { createPlaces } from './places.js'
import type { Places } from './places.js'
import { createRefusals } from './refusals.js'
import type { Serially } from './serially.js'
import type { Refusals } from './refusals.js'

export interface AuthorityOptions {
  store: MachineStore
  vault: Vault
  provider: KeyProvider
  engine: Sm2Engine
  devices: Devices
  clock: Clock
  random: Random
  stationId: Buffer
  production: boolean
  passwordCost?: number | undefined
  oneByOne: Serially
  releaseKey: ReleaseKey
}

export interface Authority {
  people: People
  places: Places
  refusals: Refusals
  handlers: HandlersOf<keyof typeof AUTHORITY_OPERATIONS>
  /** `content` is asked only when the station has nobody yet. */
  found(content: () => Promise<string>): Promise<boolean>
}

const EVENTS = 100
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** People, places, policies and the orders that change them, as operations of the port. */
export function createAuthority(options: AuthorityOptions): Authority {
  const { store, vault, engine, clock, random, production, stationId, passwordCost } = options
  const people = createPeople(options)
  const places = createPlaces(options)
  const refusals = createRefusals(options)
  const effects = createOrderEffects({ ...options, people, places })
  const orders = createOrders({ store, engine, people, effects, refusals, clock, random, stationId, epoch: vault.epoch, oneByOne: options.oneByOne })
  const keys = createPersonKeys({ store, vault, engine, people, random, clock, production, ...(passwordCost && { cost: passwordCost }) })

  const everybody = async (): Promise<CryptoResult<'people'>> => ({
    people: (await people.all()).map((row) => ({
      person: hex(row.id),
      name: row.name,
      publicKey: hex(row.publicKey),
      roles: [...row.roles],
      areas: row.areas.map(hex),
      state: row.state,
    })),
  })
  const policies = async (): Promise<CryptoResult<'policies'>> => ({
    policies: (await people.policies()).map(({ task, service, target, allows }) => ({ task, service, target: hex(target), allows })),
  })
  const place = async ({ address }: { address: string }): Promise<CryptoResult<'place'>> => {
    const row = await places.get(address)
    if (!row) throw new HesError('NOT_FOUND', 'the machine knows no place of this device', { address })
    return placeOf(row)
  }
  const listPlaces = async ({ after = '', limit }: CryptoRequest<'places'>): Promise<CryptoResult<'places'>> => {
    const { rows, next } = await places.after(after, limit)
    return { places: rows.map(placeOf), next }
  }
  const checkSignature = async ({ message, signature, after, person: told }: CryptoRequest<'checkSignature'>): Promise<CryptoResult<'checkSignature'>> => {
    const { input, signer = told } = signedInput(message, after)
    if (signer === undefined) throw new HesError('BODY_INVALID', 'this message does not say who signs it')
    const person = await people.get(Buffer.from(signer, 'hex'))
    return { genuine: person?.state === 'active' && (await engine.verify(person.publicKey, SM2_DEFAULT_ID, input, signature)) }
  }
  const events = async ({ after, limit = EVENTS }: { after: number; limit?: number | undefined }): Promise<CryptoResult<'machineEvents'>> => ({
    events: (await store.events(after, limit)).map(({ id, at, kind, subject, detail }) => ({ id, at, kind, subject, detail })),
  })

  return {
    people,
    places,
    refusals,
    async found(content) {
      const done = await foundStation({ store, vault, engine, personKeys: keys, stationId, production }, content)
      people.drop()
      return done
    },
    handlers: {
      prepareOrder: (_owner, batch) => eachNow(batch, orders.prepare),
      submitOrder: (_owner, batch) => each(batch, orders.submit),
      people: (_owner, batch) => each(batch, everybody),
      policies: (_owner, batch) => each(batch, policies),
      place: (_owner, batch) => each(batch, place),
      places: (_owner, batch) => each(batch, listPlaces),
      checkSignature: (_owner, batch) => each(batch, checkSignature),
      describe: (_owner, batch) => eachNow(batch, ({ message }) => describeSigned(message)),
      createPersonKey: (_owner, batch) => each(batch, keys.create),
      changePassword: (_owner, batch) => each(batch, keys.change),
      signWithPassword: (_owner, batch) => each(batch, keys.sign),
      machineEvents: (_owner, batch) => each(batch, events),
    },
  }
}

const placeOf = ({ address, area, profile, offsetMinutes, terminal }: PlaceRow): CryptoResult<'place'> => ({
  address,
  area: hex(area),
  profile,
  offsetMinutes,
  terminal: terminal ?? null,
})
