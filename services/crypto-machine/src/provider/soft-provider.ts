import type { Clock } from '@zhuzhan/core'
import { HesError } from '@zhuzhan/core'
import { issueCertificate, parseCertificate, sm3 } from '@zhuzhan/gm-crypto'
import type { CertificateIssuer, Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { PURPOSES, certificateName, diversify, softStationKey } from '@zhuzhan/osp1'
import { AUDIT_SIGNATURE_ID } from '@zhuzhan/contracts'
import { rootName } from '../keys/root-versions.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import { AUTHORITY_NAME, authorityOrder, stationOrder } from './certificates.js'
import type { Authority, KeyProvider } from './provider.js'

export interface SoftProviderOptions {
  engine: Sm2Engine
  store: MachineStore
  vault: Vault
  random: Random
  clock: Clock
  /** IDA, 8 bytes. */
  stationId: Buffer
}

/** Key states with roots of their own: 0 factory, 1 formal. Version 1 is made at the first start. */
const KEY_STATES = [0, 1] as const
const FIRST_VERSION = 1

interface OwnKey {
  privateKey: Buffer
  publicKey: Buffer
  certificate: Buffer | undefined
}


/** Keys in software: unwrapped into this process's memory at start, made at the very first one. */
export async function createSoftProvider(options: SoftProviderOptions): Promise<KeyProvider> {
  const { engine, stationId } = options
  const roots = await openRoots(options)
  const own = await openOwnKeys(options)
  const need = (name: string): OwnKey => own.get(name) ?? missing(name)
  const [station, audit, deviceCa, stationCa] = ['station', 'audit', 'device-ca', 'station-ca'].map(need) as [
    OwnKey,
    OwnKey,
    OwnKey,
    OwnKey,
  ]
  const authorities: Record<Authority, OwnKey> = { 'station-ca': stationCa, 'device-ca': deviceCa }
  const stationCertificate = parseCertificate(station.certificate ?? missing('station certificate'))
  if (stationCertificate.commonNames[0] !== certificateName('station', stationId)) {
    throw new HesError('CONFIG_INVALID', 'ZHUZHAN_STATION_ID is not the station this database was made for')
  }

  const deviceAuthority = parseCertificate(deviceCa.certificate ?? missing('device CA certificate'))
  if (!deviceAuthority.publicKey.equals(await engine.publicKeyOf(deviceCa.privateKey)))
    throw new HesError('ENGINE_FAULT', 'the certificate of the device CA was changed outside of the machine')

  return {
    name: 'soft',
    ciphers: ['SM4'],
    verify: (publicKey, id, message, signature) => engine.verify(publicKey, id, message, signature),
    random: async (length) => options.random(length),
    async crypt({ key }) {
      throw new HesError('PROFILE_REFUSED', 'working keys need a cipher device', { key })
    },
    async deviceKey(root, dispersion) {
      const key = roots.get(rootName(root))
      if (!key)
        throw new HesError('DEVICE_NOT_ENROLLED', 'no root key of this state and version', {
          keyState: root.keyState,
          keyVersion: root.keyVersion,
        })
      return diversify(key, dispersion)
    },
    newRootKeys(keyState, keyVersion) {
      const fresh = PURPOSES.map((purpose) => ({ name: { keyState, keyVersion, purpose }, key: options.random(16) }))
      return {
        rows: fresh.map(({ name, key }) => ({ ...name, wrapped: options.vault.wrap(rootName(name), key) })),
        use: () => {
          for (const { name, key } of fresh) roots.set(rootName(name), key)
        },
      }
    },
    forgetRootKeys(keyState, keyVersion) {
      for (const purpose of PURPOSES) {
        const name = rootName({ keyState, keyVersion, purpose })
        roots.get(name)?.fill(0)
        roots.delete(name)
      }
    },
    station: softStationKey(engine, station),
    stationCertificate,
    deviceAuthority,
    // Its private key is wrapped under its own name, and nothing replaces it.
    authorityForLife: true,
    issueCertificate: (authority, order) => issueCertificate(engine, issuerOf(authority, authorities[authority]), order),
    audit: {
      keyId: sm3(audit.publicKey).subarray(0, 8).toString('hex').toUpperCase(),
      publicKey: audit.publicKey,
      sign: (message) => engine.sign(audit.privateKey, AUDIT_SIGNATURE_ID, message),
    },
    health: () => ({ ok: true, detail: 'soft', sessions: 0 }),
    close: async () => undefined,
  }
}

function missing(name: string): never {
  throw new HesError('ENGINE_FAULT', `the machine's own key '${name}' is missing`)
}

async function openRoots({ store, vault, random }: SoftProviderOptions): Promise<Map<string, Buffer>> {
  let rows = await store.rootKeys()
  if (rows.length === 0) {
    const fresh = KEY_STATES.flatMap((keyState) => PURPOSES.map((purpose) => ({ keyState, keyVersion: FIRST_VERSION, purpose })))
    await store.addRootKeys(
      fresh.map((name) => ({ ...name, wrapped: vault.wrap(rootName(name), random(16)) })),
      { kind: 'root-keys-made', subject: `version ${FIRST_VERSION}` },
    )
    rows = await store.rootKeys()
  }
  return new Map(
    rows.filter(({ status }) => status !== 'destroyed').map((row) => [rootName(row), vault.unwrap(rootName(row), row.wrapped)]),
  )
}

function issuerOf(authority: Authority, key: { privateKey: Buffer; publicKey: Buffer }): CertificateIssuer {
  return { commonName: AUTHORITY_NAME[authority], privateKey: key.privateKey, publicKey: key.publicKey }
}

async function openOwnKeys(options: SoftProviderOptions): Promise<Map<string, OwnKey>> {
  const { store, vault, engine, stationId } = options
  const keys = new Map(
    (await store.ownKeys()).map((row): [string, OwnKey] => [
      row.name,
      { privateKey: vault.unwrap(`own-key/${row.name}`, row.wrapped), publicKey: row.publicKey, certificate: row.certificate },
    ]),
  )
  const make = async (name: string, certify?: (pair: { privateKey: Buffer; publicKey: Buffer }) => Promise<Buffer>): Promise<void> => {
    if (keys.has(name)) return
    const pair = await engine.generateKeyPair()
    const certificate = await certify?.(pair)
    await store.addOwnKey(
      { name, wrapped: vault.wrap(`own-key/${name}`, pair.privateKey), publicKey: pair.publicKey, certificate },
      { kind: 'own-key-made', subject: name },
    )
    keys.set(name, { ...pair, certificate })
  }
  for (const authority of ['station-ca', 'device-ca'] as const) {
    await make(authority, (pair) =>
      issueCertificate(engine, issuerOf(authority, pair), authorityOrder(options, authority, pair.publicKey)),
    )
  }
  const stationCa = keys.get('station-ca') ?? missing('station-ca')
  await make('station', (pair) =>
    issueCertificate(engine, issuerOf('station-ca', stationCa), stationOrder(options, stationId, pair.publicKey)),
  )
  await make('audit')
  return keys
}
