import type { CertificateOrder, Sm2Certificate } from '@zhuzhan/gm-crypto'
import type { Sm2Verifier, StationKey } from '@zhuzhan/osp1'
import type { RootKeyName, RootKeyRow } from '../store/store.js'

export type Authority = 'station-ca' | 'device-ca'

/** Block ciphers of the policy tables. SM1 and SM7 are not published: a device may have them, software never does. */
export type CipherName = 'SM1' | 'SM4' | 'SM7'

export interface CipherOrder {
  /** A working key of the configuration, by name; it knows its algorithm. */
  key: string
  mode: 'ecb' | 'cbc' | 'mac'
  decrypt?: boolean
  /** One block; zeros without it. */
  iv?: Uint8Array
  /** Whole blocks; nothing is padded. */
  data: Uint8Array
}

/**
 * Where the long-lived keys are. In software they lie wrapped in the database; in a GM/T 0018 device they never leave
 * it: root keys and SM2 private keys are only ever used through these verbs. Derived keys pass through memory.
 *
 * Every function that needs a device throws HesError UNAVAILABLE while it fails or is away, and BUSY when it is overrun.
 */
export interface KeyProvider extends Sm2Verifier {
  readonly name: 'soft' | 'sdf'
  /**
   * Ciphers this station has: with keys in memory (SM4), or in the device. What is not in the list is not done in another
   * way: policy refuses, or substitutes and says so.
   */
  readonly ciphers: readonly CipherName[]
  /** DK = SM4-ECB(RK, D || not D). @throws HesError DEVICE_NOT_ENROLLED when there is no such root key */
  deviceKey(root: RootKeyName, dispersion: Uint8Array): Promise<Buffer>
  /**
   * A new version of root keys for every purpose: rows to commit, and `use` once they are committed. Absent where root keys are
   * made by other means (a device's own key ceremony).
   */
  newRootKeys?(keyState: number, keyVersion: number): { rows: Omit<RootKeyRow, 'status'>[]; use(): void }
  /** A version was destroyed: wipe it here too. Absent where `newRootKeys` is. */
  forgetRootKeys?(keyState: number, keyVersion: number): void
  random(length: number): Promise<Buffer>
  /** One operation with a working key. MAC: one block. @throws HesError PROFILE_REFUSED when there is no such key here */
  crypt(order: CipherOrder): Promise<Buffer>
  /** The station's static SM2 key: dA signs CONNECTs and agrees keys, and nothing else (§7.0). */
  station: StationKey
  stationCertificate: Sm2Certificate
  /** Root of the device certificates this station accepts. */
  deviceAuthority: Sm2Certificate
  /**
   * The authority's private key is one for the life of the store, and proved to be that of its certificate: a device certificate in a row
   * whose MAC is right was signed by it when the machine made that row, and its signature need not be checked again at every load.
   */
  authorityForLife: boolean
  /** Laboratory authorities only. @throws HesError PROFILE_REFUSED when the authority's key is not here */
  issueCertificate(authority: Authority, order: CertificateOrder): Promise<Buffer>
  /** The audit key, apart from all session keys. */
  audit: { keyId: string; publicKey: Buffer; sign(message: Uint8Array): Promise<Buffer> }
  /** Does it serve now? `detail` is for people; sessions are those of a device. */
  health(): { ok: boolean; detail: string; sessions: number }
  close(): Promise<void>
}
