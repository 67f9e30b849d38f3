import { AUDIT_SIGNATURE_ID } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, isCurvePoint, messageDigest, signatureInRange, sm3 } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { diversificationBlock } from '@zhuzhan/osp1'
import type { Logger } from '@zhuzhan/service-kit'
import type { Vault } from '../../keys/vault.js'
import type { MachineStore } from '../../store/store.js'
import type { KeyProvider } from '../provider.js'
import { AGREEMENT_LIMITS, createAgreements } from './agreements.js'
import type { AgreementLimits } from './agreements.js'
import { DEVICE_LIMITS, createDevice } from './device.js'
import type { DeviceLimits } from './device.js'
import { examine } from './examine.js'
import type { Examination } from './examine.js'
import { readKeysFile, readPasswords } from './keys-file.js'
import { LIBRARY_PROGRAM } from './library/process.js'
import type { LibraryProgram } from './library/process.js'
import { SdfFailure } from './library/return-codes.js'
import { loadModel } from './model.js'
import { openOwnCertificates } from './own-certificates.js'
import { addMissingRoots, rootName, storedRoots, workingName } from './roots.js'
import type { KeySource } from './session.js'

export interface SdfProviderOptions {
  /** The vendor's shared library. */
  libraryPath: string
  /** A built-in device model, or a file with one. */
  model: string
  keysFile: string
  passwordFile: string
  sessions: number
  engine: Sm2Engine
  store: MachineStore
  vault: Vault
  random: Random
  clock: Clock
  stationId: Buffer
  production: boolean
  log: Logger
  limits?: Partial<DeviceLimits>
  agreements?: Partial<AgreementLimits>
  program?: LibraryProgram
}

/**
 * Keys in a cipher device behind a GM/T 0018 library. Root keys and SM2 private keys never leave it; device keys (DK) come
 * out, as the software provider's do.
 * @throws HesError CONFIG_INVALID when device and configuration do not fit, UNAVAILABLE when the device does not answer
 */
export async function createSdfProvider(options: SdfProviderOptions): Promise<KeyProvider> {
  const { store, vault, engine, production, log } = options
  const model = loadModel(options.model)
  const keys = readKeysFile(options.keysFile)
  const { station, audit, stationAuthority, deviceAuthority } = keys
  const indexes = [...new Set([station, audit, stationAuthority, deviceAuthority].filter((index) => index !== undefined))]
  if (indexes.length !== [station, audit, stationAuthority, deviceAuthority].filter((index) => index !== undefined).length)
    throw new HesError('CONFIG_INVALID', 'every SM2 key of the station has an index of its own (§7.0: a key signs nothing else)')
  const roots = { model, keys, store, vault }
  const sources = await storedRoots(roots)
  const working = new Map(keys.working.map((row) => [row.name, { ...row, source: workingSource(model.rootKeys, row) }]))
  for (const { name, source } of working.values()) sources.set(workingName(name), source)

  let found: Examination | undefined
  const device = createDevice({
    libraryPath: options.libraryPath,
    program: options.program ?? LIBRARY_PROGRAM,
    model,
    sessions: options.sessions,
    limits: { ...DEVICE_LIMITS, ...options.limits },
    passwords: () => readPasswords(options.passwordFile, indexes, production),
    examine: async (session) => {
      const kek = model.rootKeys === 'kek' ? keys.roots[0]?.index : undefined
      const expected = found?.publicKeys
      found = await examine(session, { model, engine, indexes, agreement: station, kek, expected, keys: sources })
    },
    log,
    onChange: (up, reason) => {
      void store.addEvent({ kind: up ? 'device-back' : 'device-lost', subject: model.name, detail: { reason } }).catch(() => undefined)
    },
  })
  await device.start().catch((error: unknown) => {
    throw startFailure(error)
  })

  const examined = found as unknown as Examination
  const publicKeyOf = (index: number): Buffer => examined.publicKeys.get(index) ?? Buffer.alloc(0)
  const sign = (index: number, id: Uint8Array, message: Uint8Array): Promise<Buffer> =>
    device.use((session) => session.sign(index, messageDigest(publicKeyOf(index), id, message)))
  const certificates = await Promise.resolve()
    .then(async () => {
      await device.use((session) => addMissingRoots(roots, sources, session))
      return openOwnCertificates({ ...options, keys, publicKeys: examined.publicKeys, sign })
    })
    .catch(async (error: unknown) => {
      await device.stop()
      throw startFailure(error instanceof HesError && error.cause instanceof SdfFailure ? error.cause : error)
    })
  if (!examined.proven) log.warn('the cipher device gives no key to compare with: its SM4 is believed, not proven')
  log.info({ ciphers: examined.ciphers }, 'ciphers of the device')
  const agreements = createAgreements({
    device,
    index: station,
    publicKey: publicKeyOf(station),
    limits: { ...AGREEMENT_LIMITS, ...options.agreements },
  })

  return {
    name: 'sdf',
    ciphers: examined.ciphers,
    async verify(publicKey, id, message, signature) {
      if (!isCurvePoint(publicKey) || !signatureInRange(signature)) return false
      return device.use((session) => session.verify(publicKey, messageDigest(publicKey, id, message), signature))
    },
    random: (length) => device.use((session) => session.random(length)),
    async deviceKey(root, dispersion) {
      const { keyState, keyVersion } = root
      const source = sources.get(rootName(root))
      if (!source) throw new HesError('DEVICE_NOT_ENROLLED', 'no root key of this state and version', { keyState, keyVersion })
      const data = diversificationBlock(dispersion)
      return device.use(async (session) =>
        session.cipher(await session.key(rootName(root), source), { algorithm: 'SM4', mode: 'ecb', data }),
      )
    },
    async crypt({ key: name, mode, decrypt, iv, data }) {
      const key = working.get(name)
      if (!key || !examined.ciphers.includes(key.algorithm))
        throw new HesError('PROFILE_REFUSED', 'the cipher device has no such key or cipher', { key: name })
      const { algorithm, source } = key
      const block = model.ciphers[algorithm]?.block ?? 16
      if (data.length === 0 || data.length % block !== 0 || (iv && iv.length !== block)) throw new RangeError(`${algorithm} takes whole blocks`)
      return device.use(async (session) =>
        session.cipher(await session.key(workingName(name), source), { algorithm, mode, decrypt: decrypt ?? false, iv, data }),
      )
    },
    station: { publicKey: publicKeyOf(station), sign: (message) => sign(station, SM2_DEFAULT_ID, message), ...agreements },
    stationCertificate: certificates.station,
    deviceAuthority: certificates.deviceAuthority,
    // The keys file may name another one at any start.
    authorityForLife: false,
    issueCertificate: certificates.issue,
    audit: {
      keyId: sm3(publicKeyOf(audit)).subarray(0, 8).toString('hex').toUpperCase(),
      publicKey: publicKeyOf(audit),
      sign: (message) => sign(audit, AUDIT_SIGNATURE_ID, message),
    },
    health: () => device.health(),
    close: () => device.stop(),
  }
}

function workingSource(reached: 'kek' | 'stored', { name, index, wrapped }: { name: string; index: number; wrapped?: Buffer | undefined }): KeySource {
  if (reached === 'stored') return { stored: index }
  if (!wrapped) throw new HesError('CONFIG_INVALID', `the working key ${name} needs its wrapped form`)
  return { kek: index, wrapped }
}

/** At the start a person reads it: what does not fit is said in words, and as a fault of the configuration where it is one. */
function startFailure(error: unknown): unknown {
  if (!(error instanceof SdfFailure)) return error
  const configured = error.kind !== 'device' || ['load', 'examination'].includes(error.symbol) || error.result === 'layout'
  const code = configured ? 'CONFIG_INVALID' : 'UNAVAILABLE'
  return new HesError(code, `the cipher device cannot be used: ${error.message} (docs/security/hardware.md)`, {}, { cause: error })
}
