import type { CertificateOrder, Sm2Certificate } from '@zhuzhan/gm-crypto'
import type { StaticKey } from '@zhuzhan/osp1'
import type { RootKeyName } from '../store/store.js'

export type Authority = 'station-ca' | 'device-ca'

/**
 * Where the long-lived keys are. In software they lie wrapped in the database; in a GM/T 0018 device they never leave
 * it: root keys and SM2 private keys are only ever used through these verbs. Derived keys pass through memory.
 */
export interface KeyProvider {
  readonly name: string
  /** DK = SM4-ECB(RK, D || not D). @throws HesError DEVICE_NOT_ENROLLED when there is no such root key */
  deviceKey(root: RootKeyName, dispersion: Uint8Array): Promise<Buffer>
  /** The station's static SM2 key: dA signs CONNECTs and agrees keys, and nothing else (§7.0). */
  station: StaticKey
  stationCertificate: Sm2Certificate
  /** Root of the device certificates this station accepts. */
  deviceAuthority: Sm2Certificate
  /** Laboratory authorities only. */
  issueCertificate(authority: Authority, order: CertificateOrder): Promise<Buffer>
  /** The audit key, apart from all session keys. */
  audit: { keyId: string; publicKey: Buffer; sign(message: Uint8Array): Promise<Buffer> }
}
