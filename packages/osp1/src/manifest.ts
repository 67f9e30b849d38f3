import { HesError } from '@zhuzhan/core'
import { equalBytes, sm4Cmac } from '@zhuzhan/gm-crypto'
import { label } from './bytes.js'

/** Module manifest: which chips are in the meter now. §7.7 */

export interface ModuleEntry {
  /** 0 management, 1 metering, 2 carrier, 3 and up expansion. */
  slot: number
  serial: Buffer
  /** 8 ASCII bytes, filled with 00. */
  model: Buffer
  version: number
  /** SM3 of the program: the module's own claim. */
  firmware: Buffer
  /** 16 bytes; zeros where there is no chip. */
  mac: Buffer
}

/** What the manifest is bound to: this session, this challenge, this device. */
export interface ManifestContext {
  transcriptHash: Uint8Array
  challenge: Uint8Array
  dispersion: Uint8Array
}

const VERSION = 1
const ENTRY = 69
const SIGNED = ENTRY - 16
/** Only the carrier module may be without a chip. §7.14 */
export const CHIPLESS_SLOT = 2
const LABEL = label('OSP1-MOD')
const NO_MAC = Buffer.alloc(16)

/** @throws HesError AUTH_FAILED unless slots ascend, are unique and the length is exact; context.reason `form` or `slots` */
export function decodeManifest(bytes: Uint8Array): ModuleEntry[] {
  const b = Buffer.from(bytes)
  const refuse = (reason = 'form'): never => {
    throw new HesError('AUTH_FAILED', 'module manifest: wrong form', { reason })
  }
  const count = b[1] ?? 0
  if (b[0] !== VERSION || count === 0 || b.length !== 2 + count * ENTRY) refuse()
  const entries = Array.from({ length: count }, (_, i): ModuleEntry => {
    const e = b.subarray(2 + i * ENTRY, 2 + (i + 1) * ENTRY)
    return {
      slot: e[0] ?? 0,
      serial: e.subarray(1, 9),
      model: e.subarray(9, 17),
      version: e.readUInt32BE(17),
      firmware: e.subarray(21, 53),
      mac: e.subarray(53),
    }
  })
  entries.forEach((entry, i) => {
    if (i > 0 && entry.slot <= (entries[i - 1]?.slot ?? 0)) refuse('slots')
  })
  return entries
}

export function encodeManifest(entries: readonly ModuleEntry[]): Buffer {
  return Buffer.concat([Buffer.of(VERSION, entries.length), ...entries.map((entry) => Buffer.concat([signedPart(entry), entry.mac]))])
}

function signedPart(entry: Omit<ModuleEntry, 'mac'>): Buffer {
  const out = Buffer.alloc(SIGNED)
  out[0] = entry.slot
  entry.serial.copy(out, 1)
  entry.model.copy(out, 9)
  out.writeUInt32BE(entry.version, 17)
  entry.firmware.copy(out, 21)
  return out
}

/** mac = CMAC(KM, label || th || challenge || D || entry without mac). KM is of the module's own serial. */
export function moduleMac(pairingKey: Uint8Array, context: ManifestContext, entry: Omit<ModuleEntry, 'mac'>): Buffer {
  return sm4Cmac(pairingKey).sign(LABEL, context.transcriptHash, context.challenge, context.dispersion, signedPart(entry))
}

export type ModuleFinding = 'proved' | 'declared' | 'wrong'

/** Judge one entry: proved by its chip, declared (a carrier without a chip), or wrong. */
export function judgeModule(pairingKey: Uint8Array | undefined, context: ManifestContext, entry: ModuleEntry): ModuleFinding {
  if (equalBytes(entry.mac, NO_MAC)) return entry.slot === CHIPLESS_SLOT ? 'declared' : 'wrong'
  return pairingKey !== undefined && equalBytes(entry.mac, moduleMac(pairingKey, context, entry)) ? 'proved' : 'wrong'
}
