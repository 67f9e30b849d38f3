import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import { equalBytes } from '@zhuzhan/gm-crypto'
import { FILE_START, FIRMWARE_CHECK, decodeFirmwareManifest, deriveKey, erase, fileStartOf, withCheckValue, wrapImageKey } from '@zhuzhan/osp1'
import { moduleMac } from '../authority/row-macs.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { FirmwareReleaseRow } from '../store/firmware-store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import { refusal } from '../tickets/judge.js'
import type { JudgedTicket, TicketSubject } from '../tickets/judge.js'
import { genuineRelease, genuineVendor, imageKeyName } from './register.js'

export interface FirmwareFill {
  /**
   * The APDU to seal: where a ticket starts a transfer with check {255, id of a release}, the id gives way to W of this device.
   * @throws HesError TICKET_REFUSED unless the release is offered and made for a module of this device
   */
  (judged: Pick<JudgedTicket, 'apdu'>, subject: TicketSubject): Promise<{ apdu: Buffer; release: Buffer | undefined }>
}

/** Bytes around the sent image: LP(FWM) and two signatures. */
const AROUND = 2 + 64 + 64

/** §7.9; why a ticket names a release: docs/security/firmware.md */
export function createFirmwareFill({ store, vault, provider }: { store: MachineStore; vault: Vault; provider: KeyProvider }): FirmwareFill {
  const modelFits = async (device: DeviceRow, moduleType: number, model: Buffer): Promise<boolean> => {
    const wanted = Buffer.concat([model, Buffer.alloc(8)]).subarray(0, 8)
    return (await store.modules(device.id)).some((row) => row.slot === moduleType && equalBytes(row.rowMac, moduleMac(vault, device.id, row)) && row.model.equals(wanted))
  }

  const offered = async (relId: Buffer, fileSize: number): Promise<FirmwareReleaseRow> => {
    const row = await store.firmwareRelease(relId)
    if (!row || !genuineRelease(vault, row) || row.state === 'prepared') throw refusal('release-unknown')
    if (row.state !== 'offered') throw refusal('release-withdrawn')
    const { vendor, size } = decodeFirmwareManifest(row.fwm)
    const vendorRow = (await store.firmwareVendors()).find((one) => one.vendor === vendor.toString('utf8'))
    if (!vendorRow || !genuineVendor(vault, vendorRow) || vendorRow.state !== 'active') throw refusal('vendor-withdrawn')
    if (fileSize !== AROUND + row.fwm.length + size) throw refusal('release-size')
    return row
  }

  const wrapped = async (device: DeviceRow, row: FirmwareReleaseRow): Promise<Buffer> => {
    const { ad, dispersion, keyState, keyVersion } = device
    const deviceKey = await provider.deviceKey({ keyState, keyVersion, purpose: 'firmware' }, dispersion)
    const key = deriveKey(deviceKey, 'firmware', dispersion)
    const imageKey = vault.unwrap(imageKeyName(row.relId), row.wrapped)
    try {
      return wrapImageKey(key, { ad, dispersion, fwm: row.fwm, relId: row.relId }, imageKey)
    } finally {
      erase(deviceKey, key, imageKey)
    }
  }

  return async ({ apdu: bytes }, { session }) => {
    const apdu = decodeApdu(bytes)
    const asIs = { apdu: bytes, release: undefined } as { apdu: Buffer; release: Buffer | undefined }
    if (apdu.apdu !== 'action-request' || apdu.choice !== 'normal' || apdu.omd.slice(0, 6) !== FILE_START.slice(0, 6)) return asIs
    const start = fileStartOf(apdu.parameter)
    if (start?.check.kind !== FIRMWARE_CHECK) return asIs
    if (!session) throw refusal('firmware-needs-a-session')
    if (start.check.value.length !== 8) throw refusal('firmware-names-no-release')
    const row = await offered(start.check.value, start.size)
    const { moduleType, model } = decodeFirmwareManifest(row.fwm)
    const device = session.device.row
    if (!(await modelFits(device, moduleType, model))) throw refusal('release-of-another-model')
    return { apdu: encodeApdu({ ...apdu, parameter: withCheckValue(apdu.parameter, await wrapped(device, row)) }), release: row.relId }
  }
}
