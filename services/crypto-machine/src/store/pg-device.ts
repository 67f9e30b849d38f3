import type { PgDatabase } from './pg-database.js'
import type { DeviceRow, DeviceStatus, NewDevice } from './store.js'

export const DEVICE_COLUMNS =
  'address, dispersion, ad, chip_serial, mode, key_state, key_version, status, certificate, issued_key, suspect, row_mac'
export const DEVICE = `id, ${DEVICE_COLUMNS}`
/** Types of one array a column, for unnest. */
export const DEVICE_ARRAYS = [
  'text[]',
  'bytea[]',
  'bytea[]',
  'bytea[]',
  'text[]',
  'smallint[]',
  'smallint[]',
  'text[]',
  'bytea[]',
  'bytea[]',
  'boolean[]',
  'bytea[]',
] as const

/** `unnest($first::text[], …)` of columnsOf. */
export function unnestDevices(first: number): string {
  return `unnest(${DEVICE_ARRAYS.map((type, i) => `$${first + i}::${type}`).join(', ')})`
}

export interface DeviceSql {
  id: number
  address: string
  dispersion: Buffer
  ad: Buffer
  chip_serial: Buffer
  mode: 'S' | 'F'
  key_state: number
  key_version: number
  status: DeviceStatus
  certificate: Buffer | null
  issued_key: Buffer | null
  suspect: boolean
  row_mac: Buffer
}

/** One array a column, in the order of DEVICE_COLUMNS. */
export function columnsOf(rows: readonly NewDevice[]): unknown[] {
  const column = <T>(pick: (row: NewDevice) => T): T[] => rows.map(pick)
  return [
    column((row) => row.address),
    column((row) => row.dispersion),
    column((row) => row.ad),
    column((row) => row.chipSerial),
    column((row) => row.mode),
    column((row) => row.keyState),
    column((row) => row.keyVersion),
    column((row) => row.status),
    column((row) => row.certificate ?? null),
    column((row) => row.issuedKey ?? null),
    column((row) => row.suspect),
    column((row) => row.rowMac),
  ]
}

export function deviceFromSql(row: DeviceSql): DeviceRow {
  const device: NewDevice = {
    address: row.address,
    dispersion: row.dispersion,
    ad: row.ad,
    chipSerial: row.chip_serial,
    mode: row.mode,
    keyState: row.key_state,
    keyVersion: row.key_version,
    status: row.status,
    certificate: row.certificate ?? undefined,
    issuedKey: row.issued_key ?? undefined,
    suspect: row.suspect,
    rowMac: row.row_mac,
  }
  return { ...device, id: row.id }
}

/** Put a row in the place of the one with its id; counters and windows stay. */
export async function putDevice(run: PgDatabase['query'], row: DeviceRow): Promise<void> {
  await run(`UPDATE crypto_machine.device SET (${DEVICE_COLUMNS}) = (SELECT v.* FROM ${unnestDevices(2)} v) WHERE id = $1`, [
    row.id,
    ...columnsOf([row]),
  ])
}
