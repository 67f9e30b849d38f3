import { z } from 'zod'
import { Nothing, Sm2Signature, bytes, hexOf } from './crypto-fields.js'

/** Firmware releases, OSP-1 §7.9. Vendors and releases are entered and withdrawn by orders of administrators. docs/security/firmware.md */

export const ReleaseId = hexOf(8)
/** As in the manifest, UTF-8. A module's model in the machine's table has 8 bytes. */
export const FirmwareVendor = z.string().min(1).max(64).regex(/^[\x20-\x7e]+$/)
export const FirmwareModel = z.string().min(1).max(8).regex(/^[\x21-\x7e]+$/)
const Version = z.number().int().min(0).max(0xffff_ffff)
const MAX_IMAGE_BYTES = 4 * 1024 * 1024

export const ReleaseState = z.enum(['prepared', 'offered', 'withdrawn'])
export type ReleaseState = z.infer<typeof ReleaseState>
export const FirmwareRelease = z.strictObject({
  release: ReleaseId,
  state: ReleaseState,
  vendor: z.string(),
  model: z.string(),
  /** Slot of the module it is for: 0 management, 1 metering, 2 carrier, 3.. expansion. */
  moduleType: z.number().int(),
  version: Version,
  minVersion: Version,
  /** Bytes of the image. */
  size: z.number().int(),
  imageHash: hexOf(32),
  /** Milliseconds since 1970 UTC. */
  changedAt: z.number().int(),
})
export type FirmwareRelease = z.infer<typeof FirmwareRelease>

export const FIRMWARE_OPERATIONS = {
  /**
   * Encrypt an image under a new key that stays here, once: what comes back is the manifest the vendor signs, and what is sent.
   * Nothing is offered before an order `firmware-release` brings that signature.
   */
  prepareFirmware: {
    request: z.strictObject({
      vendor: FirmwareVendor,
      model: FirmwareModel,
      moduleType: z.number().int().min(0).max(255),
      version: Version,
      minVersion: Version,
      image: bytes(1, MAX_IMAGE_BYTES),
    }),
    result: z.strictObject({ release: ReleaseId, fwm: bytes(1, 2_000), sent: bytes(1, MAX_IMAGE_BYTES) }),
  },
  /** Releases of this machine, by id. */
  firmwareReleases: { request: Nothing, result: z.strictObject({ releases: z.array(FirmwareRelease) }) },
  /** What makes the file of an offered release, with what is sent. NOT_FOUND */
  firmwareSignatures: {
    request: z.strictObject({ release: ReleaseId }),
    result: z.strictObject({ fwm: bytes(1, 2_000), sigVendor: Sm2Signature, sigStation: Sm2Signature }),
  },
  /** Public keys that devices hold: the station's release key, and those of vendors. */
  firmwareKeys: {
    request: Nothing,
    result: z.strictObject({
      releaseKey: hexOf(65),
      vendors: z.array(z.strictObject({ vendor: z.string(), publicKey: hexOf(65), state: z.enum(['active', 'withdrawn']) })),
    }),
  },
} as const
