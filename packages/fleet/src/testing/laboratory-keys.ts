import { certificateToPem, issueCertificate, privateKeyToPem } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { PURPOSES, certificateName, dispersionOfNumber } from '@zhuzhan/osp1'
import type { KeyFile, Purpose } from '@zhuzhan/osp1'
import { seededRandom } from '../run/random.js'

/** What a station knows about a device of the laboratory, and the file the device gets. */
export interface LaboratoryDevice {
  file: KeyFile
  /** The station's static key pair and the device's public key; mode F only. */
  station?: Sm2KeyPair
  devicePublicKey?: Buffer
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const STATION_ID = Buffer.from('OSP1HES0')

/** Keys as `zhuzhan keys issue` would give them, from a seed. */
export async function laboratoryDevice(engine: Sm2Engine, address: string, mode: 'S' | 'F'): Promise<LaboratoryDevice> {
  const random = seededRandom(Number(address) % 1e6)
  const file: KeyFile = {
    address, mode, chipSerial: hex(random(8)), keyVersion: 1, keyState: 1, D: hex(dispersionOfNumber(address)), clientAddress: '00', masterId: hex(STATION_ID),
    deviceKeys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, hex(random(16))])) as Record<Purpose, string>,
  }
  if (mode === 'S') return { file }
  const [ca, station, device] = [await engine.generateKeyPair(), await engine.generateKeyPair(), await engine.generateKeyPair()]
  const issue = (role: 'station' | 'device', id: Uint8Array, pair: Sm2KeyPair): Promise<Buffer> =>
    issueCertificate(engine, { commonName: `test ${role} CA`, ...ca }, {
      commonName: certificateName(role, id), publicKey: pair.publicKey, serial: Buffer.of(1), notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2036, 0, 1),
      usages: ['digitalSignature', 'keyAgreement'], ca: false,
    })
  return {
    station, devicePublicKey: device.publicKey,
    file: {
      ...file,
      masterCertificate: certificateToPem({ der: await issue('station', STATION_ID, station) }),
      deviceCertificate: certificateToPem({ der: await issue('device', dispersionOfNumber(address), device) }),
      devicePrivateKey: privateKeyToPem(device.privateKey, device.publicKey),
    },
  }
}
