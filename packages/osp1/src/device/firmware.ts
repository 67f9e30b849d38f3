import { HesError } from '@zhuzhan/core'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { ActionRequest, Apdu, GetRequest } from '@zhuzhan/dlt698'
import { sm3, sm4Ctr } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { MAX_IMAGE_BYTES, decodeFirmwareFile, firmwareFileFault } from '../firmware-file.js'
import type { FirmwareFault, FirmwareFile } from '../firmware-file.js'
import { unwrapImageKey } from '../firmware.js'
import { FILE_BITMAP, FILE_BLOCK, FILE_START, FIRMWARE_CHECK, fileBlockOf, fileStartOf } from '../file-transfer.js'
import type { FileStart } from '../file-transfer.js'
import { deriveKey } from '../keys.js'
import { erase } from '../session-keys.js'
import type { Keyring } from './keyring.js'
import type { DeviceEvent } from './types.js'

/** What a device knows of its own firmware. */
export interface DeviceFirmware {
  model: string
  moduleType: number
  /** Public keys of vendors it takes images from, 04 || x || y, by name. */
  vendors: ReadonlyMap<string, Uint8Array>
  /** The station's release key. */
  releaseKey: Uint8Array
  /** The version that runs now. */
  installed(): number
  /** Run the image in the other slot. False: it did not start, and the old one runs on. */
  start(image: Buffer, version: number): Promise<boolean>
}

interface Transfer extends FileStart {
  /** KF and D as they were when it began: a key update in between takes nothing away. */
  firmwareKey: Buffer
  dispersion: Buffer
  bytes: Buffer
  have: Set<number>
  count: number
}

const DAR = { success: 0, failed: 255, outOfBounds: 8, notInTransfer: 13, blockNumber: 14, signature: 30 } as const
/** A file is the image with its manifest and signatures. */
const MAX_FILE_BYTES = MAX_IMAGE_BYTES + 4_096
const MAX_BLOCKS = 65_536

/**
 * Firmware at the device (§7.9): F001 method 7 with check {255, W} starts it, blocks come in any order and again, and with the last one
 * everything is checked before anything runs. What the station knows of a refusal is a DAR; the reason is an event.
 */
export function createFirmware(own: DeviceFirmware, engine: Sm2Engine, ad: Buffer, keyring: Keyring, onEvent?: (event: DeviceEvent) => void) {
  let transfer: Transfer | undefined

  const end = (): void => {
    transfer?.firmwareKey.fill(0)
    transfer = undefined
  }
  const begin = (start: FileStart): number => {
    const { size, blockSize, check } = start
    const count = Math.ceil(size / Math.max(1, blockSize))
    if (check.value.length !== 32 || size === 0 || size > MAX_FILE_BYTES || blockSize === 0 || count > MAX_BLOCKS) return DAR.outOfBounds
    // The same start again goes on where the line broke.
    if (transfer && transfer.size === size && transfer.blockSize === blockSize && transfer.check.value.equals(check.value)) return DAR.success
    end()
    const { dispersion, keys } = keyring.active
    transfer = { ...start, firmwareKey: deriveKey(keys.firmware, 'firmware', dispersion), dispersion, bytes: Buffer.alloc(size), have: new Set(), count }
    return DAR.success
  }

  /** Order is nothing here: the first that does not hold names the fault, and all must hold. */
  const judge = async (file: FirmwareFile, { firmwareKey, dispersion, check }: Transfer): Promise<{ fault: FirmwareFault } | { image: Buffer }> => {
    const { manifest, fwm, sent } = file
    const fault = await firmwareFileFault(file, { verifier: engine, vendorKey: own.vendors.get(manifest.vendor.toString('utf8')), releaseKey: own.releaseKey })
    if (fault) return { fault }
    if (manifest.model.toString('utf8') !== own.model) return { fault: 'model' }
    if (manifest.moduleType !== own.moduleType) return { fault: 'module-type' }
    if (manifest.version <= own.installed()) return { fault: 'version' }
    if (own.installed() < manifest.minVersion) return { fault: 'min-version' }
    const imageKey = openKey(firmwareKey, { ad, dispersion, fwm, relId: manifest.relId }, check.value)
    if (!imageKey) return { fault: 'image-key' }
    const image = sm4Ctr(imageKey, Buffer.alloc(16), sent)
    erase(imageKey)
    return sm3(image).equals(manifest.imageHash) ? { image } : { fault: 'image-hash' }
  }

  const complete = async (done: Transfer): Promise<number> => {
    const refuse = (reason: FirmwareFault): number => {
      onEvent?.({ kind: 'firmware-refused', reason })
      return reason === 'vendor-signature' || reason === 'station-signature' ? DAR.signature : DAR.failed
    }
    let file: FirmwareFile
    try {
      file = decodeFirmwareFile(done.bytes)
    } catch (error) {
      if (error instanceof HesError) return refuse('form')
      throw error
    }
    const verdict = await judge(file, done)
    if ('fault' in verdict) return refuse(verdict.fault)
    const { version } = file.manifest
    const started = await own.start(verdict.image, version).catch(() => false)
    onEvent?.({ kind: started ? 'firmware-started' : 'firmware-fell-back', version })
    return started ? DAR.success : DAR.failed
  }

  const write = async (block: { number: number; bytes: Buffer }): Promise<number> => {
    if (!transfer) return DAR.notInTransfer
    const { blockSize, size, count } = transfer
    const at = block.number * blockSize
    if (block.number >= count || block.bytes.length !== Math.min(blockSize, size - at)) return DAR.blockNumber
    block.bytes.copy(transfer.bytes, at)
    transfer.have.add(block.number)
    if (transfer.have.size < count) return DAR.success
    const done = transfer
    try {
      return await complete(done)
    } finally {
      end()
    }
  }

  const bitmap = ({ have, count }: Transfer): Buffer => {
    const bits = Buffer.alloc(Math.ceil(count / 8))
    for (const number of have) bits[number >> 3] = (bits[number >> 3] ?? 0) | (0x80 >> (number & 7))
    return bits
  }
  const answerTo = (apdu: Extract<ActionRequest, { choice: 'normal' }>, dar: number): Buffer =>
    encodeApdu({ apdu: 'action-response', choice: 'normal', piid: { ...apdu.piid, acd: false }, omd: apdu.omd, dar })

  /** Undefined for what is not firmware: other files, other objects. */
  return async (apdu: Apdu): Promise<Buffer | undefined> => {
    if (apdu.apdu === 'get-request') return bitmapAnswer(apdu)
    if (apdu.apdu !== 'action-request' || apdu.choice !== 'normal') return undefined
    if (apdu.omd === FILE_START) {
      const start = fileStartOf(apdu.parameter)
      return start?.check.kind === FIRMWARE_CHECK ? answerTo(apdu, begin(start)) : undefined
    }
    const block = apdu.omd === FILE_BLOCK ? fileBlockOf(apdu.parameter) : undefined
    return block ? answerTo(apdu, await write(block)) : undefined
  }

  function bitmapAnswer(apdu: GetRequest): Buffer | undefined {
    if (apdu.choice !== 'normal' || apdu.oad !== FILE_BITMAP || !transfer) return undefined
    const data = { type: 'bit-string' as const, bits: transfer.count, hex: bitmap(transfer).toString('hex').toUpperCase() }
    return encodeApdu({ apdu: 'get-response', choice: 'normal', piid: { ...apdu.piid, acd: false }, result: { oad: FILE_BITMAP, data } })
  }
}

function openKey(key: Buffer, context: Parameters<typeof unwrapImageKey>[1], wrapped: Buffer): Buffer | undefined {
  try {
    return unwrapImageKey(key, context, wrapped)
  } catch (error) {
    if (error instanceof HesError) return undefined
    throw error
  }
}
