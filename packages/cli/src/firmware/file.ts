import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { decodeFirmwareFile, encodeFirmwareFile, firmwareFileFault } from '@zhuzhan/osp1'
import type { FirmwareFault, FirmwareFile } from '@zhuzhan/osp1'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoRequest, OrderBody } from '@zhuzhan/contracts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** What a firmware file says of itself; nothing is verified. */
export function inspectFirmware(file: FirmwareFile) {
  const { vendor, model, moduleType, relId, version, minVersion, size, imageHash, sentHash } = file.manifest
  return {
    release: hex(relId), vendor: vendor.toString('utf8'), model: model.toString('utf8'), moduleType, version, minVersion, size, imageHash: hex(imageHash), sentHash: hex(sentHash),
    bytes: file.fwm.length + 2 + 128 + file.sent.length,
  }
}

/** @throws HesError BODY_INVALID */
export function readFirmware(bytes: Uint8Array, name: string): FirmwareFile {
  try {
    return decodeFirmwareFile(bytes)
  } catch (error) {
    if (error instanceof HesError) throw new HesError('BODY_INVALID', `${name} is no firmware file.`)
    throw error
  }
}

const FAULTS: Record<Extract<FirmwareFault, 'vendor' | 'vendor-signature' | 'station-signature' | 'size' | 'sent-hash'>, string> = {
  vendor: 'there is no public key of its vendor',
  'vendor-signature': "the vendor's signature is wrong",
  'station-signature': "the station's signature is wrong",
  size: 'it is longer or shorter than its manifest says',
  'sent-hash': 'its content was changed',
}

/** Both signatures, size and hash of what is sent. Whether the image inside is the one signed only a device can tell: it has the key. */
export async function verifyFirmware(engine: Sm2Engine, file: FirmwareFile, vendorKey: Uint8Array | undefined, releaseKey: Uint8Array): Promise<{ ok: boolean; why: string | null }> {
  const fault = await firmwareFileFault(file, { verifier: engine, vendorKey, releaseKey })
  return fault === undefined ? { ok: true, why: null } : { ok: false, why: FAULTS[fault as keyof typeof FAULTS] ?? fault }
}

export interface BuildOptions {
  machine: Pick<CryptoMachine, 'prepareFirmware' | 'firmwareSignatures'>
  engine: Sm2Engine
  terms: CryptoRequest<'prepareFirmware'>
  vendorKey: Uint8Array
  /** Carried out by two administrators. */
  order(body: OrderBody): Promise<unknown>
}

/** Encrypted by the crypto machine, signed by the vendor here, offered by order: the file that is sent. */
export async function buildFirmware({ machine, engine, terms, vendorKey, order }: BuildOptions): Promise<{ release: string; file: Buffer }> {
  const { release, fwm, sent } = outcomeValue<'prepareFirmware'>((await machine.prepareFirmware([terms]))[0])
  const prepared = decodeFirmwareFile(encodeFirmwareFile({ fwm: Buffer.from(fwm), sigVendor: Buffer.alloc(64), sigStation: Buffer.alloc(64), sent: Buffer.from(sent) })).manifest
  // The vendor signs what it can check: this image, these versions. The machine is asked, not believed.
  const same = prepared.vendor.toString('utf8') === terms.vendor && prepared.model.toString('utf8') === terms.model && prepared.moduleType === terms.moduleType &&
    prepared.version === terms.version && prepared.minVersion === terms.minVersion && prepared.imageHash.equals(sm3(terms.image)) && prepared.sentHash.equals(sm3(sent))
  if (!same) throw new HesError('AUTH_FAILED', 'The manifest the crypto machine made is not that of this image; it is not signed.')
  const sigVendor = await engine.sign(vendorKey, SM2_DEFAULT_ID, fwm)
  await order({ kind: 'firmware-release', fwm: hex(fwm), sigVendor: hex(sigVendor) })
  const signed = outcomeValue<'firmwareSignatures'>((await machine.firmwareSignatures([{ release }]))[0])
  const parts = { fwm: Buffer.from(signed.fwm), sigVendor: Buffer.from(signed.sigVendor), sigStation: Buffer.from(signed.sigStation), sent: Buffer.from(sent) }
  return { release, file: encodeFirmwareFile(parts) }
}
