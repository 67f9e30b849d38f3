import { HesError } from '@zhuzhan/core'
import { issueCertificate, parseCertificate, sm3 } from '@zhuzhan/gm-crypto'
import type { CertificateIssuer, CertificateOrder, Sm2Certificate } from '@zhuzhan/gm-crypto'
import { certificateName } from '@zhuzhan/osp1'
import type { Vault } from '../../keys/vault.js'
import type { MachineStore } from '../../store/store.js'
import { AUTHORITY_NAME, authorityOrder, stationOrder } from '../certificates.js'
import type { CertificateMaker } from '../certificates.js'
import type { Authority } from '../provider.js'
import type { SdfKeys } from './keys-file.js'

export interface OwnCertificateOptions extends CertificateMaker {
  keys: SdfKeys
  store: MachineStore
  vault: Vault
  stationId: Buffer
  production: boolean
  publicKeys: ReadonlyMap<number, Buffer>
  /** r || s with the key at this index. */
  sign(index: number, id: Uint8Array, message: Uint8Array): Promise<Buffer>
}

export interface OwnCertificates {
  station: Sm2Certificate
  deviceAuthority: Sm2Certificate
  issue(authority: Authority, order: CertificateOrder): Promise<Buffer>
}

/**
 * Certificates over keys of the device: those the keys file names, or, in a laboratory whose authorities' keys are in the
 * device too, made at the first start and kept.
 * @throws HesError CONFIG_INVALID when one is missing, or belongs to another key or station
 */
export async function openOwnCertificates(options: OwnCertificateOptions): Promise<OwnCertificates> {
  const { keys, production, publicKeys, stationId } = options
  const indexOf: Record<Authority, number | undefined> = { 'station-ca': keys.stationAuthority, 'device-ca': keys.deviceAuthority }

  const issue = (authority: Authority, order: CertificateOrder): Promise<Buffer> => {
    const index = indexOf[authority]
    if (index === undefined || production) throw new HesError('PROFILE_REFUSED', `the key of the ${authority} is not here`)
    const issuer: CertificateIssuer = { commonName: AUTHORITY_NAME[authority], publicKey: publicKeyOf(index), privateKey: Buffer.alloc(0) }
    return issueCertificate({ sign: (_inDevice, id, message) => options.sign(index, id, message) }, issuer, order)
  }
  const publicKeyOf = (index: number): Buffer => publicKeys.get(index) ?? invalid(`there is no SM2 key at index ${index}`)
  const made = async (name: string, index: number | undefined, make: (publicKey: Buffer) => Promise<Buffer>): Promise<Sm2Certificate> => {
    if (index === undefined || production) invalid(`the keys file must name a certificate: ${name}`)
    const publicKey = publicKeyOf(index)
    return parseCertificate((await kept(options, name, publicKey)) ?? (await keep(options, name, publicKey, await make(publicKey))))
  }

  const deviceAuthority =
    keys.certificates.deviceAuthority ??
    (await made('deviceAuthority', keys.deviceAuthority, (key) => issue('device-ca', authorityOrder(options, 'device-ca', key))))
  const station =
    keys.certificates.station ??
    (await made('station', keys.stationAuthority === undefined ? undefined : keys.station, (key) =>
      issue('station-ca', stationOrder(options, stationId, key)),
    ))
  if (station.commonNames[0] !== certificateName('station', stationId)) invalid('the station certificate is not that of ZHUZHAN_STATION_ID')
  if (!station.publicKey.equals(publicKeyOf(keys.station))) invalid('the station certificate is not that of the key in the device')
  if (!deviceAuthority.basicConstraints?.ca) invalid('the certificate of the device authority is not that of an authority')
  return { station, deviceAuthority, issue: async (authority, order) => issue(authority, order) }
}

/** The row's secret part is a hash over key and certificate: neither can be changed in the database unseen. */
const sealOf = (publicKey: Uint8Array, certificate: Uint8Array): Buffer => sm3(publicKey, certificate)
const rowName = (name: string): string => `sdf/${name}`

async function kept({ store, vault }: OwnCertificateOptions, name: string, publicKey: Buffer): Promise<Buffer | undefined> {
  const row = (await store.ownKeys()).find((one) => one.name === rowName(name))
  if (!row) return undefined
  const certificate = row.certificate ?? Buffer.alloc(0)
  if (!vault.unwrap(`own-key/${row.name}`, row.wrapped).equals(sealOf(row.publicKey, certificate)))
    throw new HesError('ENGINE_FAULT', 'a certificate of the station was changed outside the machine', { name })
  if (!row.publicKey.equals(publicKey)) invalid(`this database was made with another key of the device: ${name}`)
  return certificate
}

async function keep({ store, vault }: OwnCertificateOptions, name: string, publicKey: Buffer, certificate: Buffer): Promise<Buffer> {
  const wrapped = vault.wrap(`own-key/${rowName(name)}`, sealOf(publicKey, certificate))
  await store.addOwnKey({ name: rowName(name), wrapped, publicKey, certificate }, { kind: 'own-key-made', subject: rowName(name) })
  return certificate
}

function invalid(message: string): never {
  throw new HesError('CONFIG_INVALID', message)
}
