import type { FirmwareChanges, FirmwareReleaseRow, FirmwareStore, FirmwareVendorRow } from './firmware-store.js'
import type { PgDatabase } from './pg-database.js'

interface ReleaseSql {
  rel_id: Buffer
  fwm: Buffer
  wrapped: Buffer
  state: FirmwareReleaseRow['state']
  sig_vendor: Buffer | null
  sig_station: Buffer | null
  changed_at: string
  row_mac: Buffer
}
const releaseOf = (row: ReleaseSql): FirmwareReleaseRow => ({
  relId: row.rel_id,
  fwm: row.fwm,
  wrapped: row.wrapped,
  state: row.state,
  sigVendor: row.sig_vendor ?? undefined,
  sigStation: row.sig_station ?? undefined,
  changedAt: Number(row.changed_at),
  rowMac: row.row_mac,
})

/** Firmware on PostgreSQL. */
export function pgFirmware(db: PgDatabase): FirmwareStore {
  return {
    async firmwareVendors() {
      const { rows } = await db.query<{ vendor: string; public_key: Buffer; state: FirmwareVendorRow['state']; row_mac: Buffer }>(
        'SELECT vendor, public_key, state, row_mac FROM crypto_machine.firmware_vendor ORDER BY vendor COLLATE "C"',
      )
      return rows.map((row) => ({ vendor: row.vendor, publicKey: row.public_key, state: row.state, rowMac: row.row_mac }))
    },
    async firmwareReleases() {
      return (await db.query<ReleaseSql>('SELECT * FROM crypto_machine.firmware_release ORDER BY rel_id')).rows.map(releaseOf)
    },
    async firmwareRelease(relId) {
      const { rows } = await db.query<ReleaseSql>('SELECT * FROM crypto_machine.firmware_release WHERE rel_id = $1', [relId])
      return rows[0] && releaseOf(rows[0])
    },
    async prepareFirmware(row, kept, event) {
      await db.transaction(async (run) => {
        await putRelease(run, row)
        await run(
          `DELETE FROM crypto_machine.firmware_release WHERE state = 'prepared' AND rel_id NOT IN (
             SELECT rel_id FROM crypto_machine.firmware_release WHERE state = 'prepared' ORDER BY changed_at DESC, rel_id LIMIT $1)`,
          [kept],
        )
        await db.event(run, event)
        return true
      })
    },
  }
}

async function putRelease(run: PgDatabase['query'], row: FirmwareReleaseRow): Promise<void> {
  await run(
    `INSERT INTO crypto_machine.firmware_release (rel_id, fwm, wrapped, state, sig_vendor, sig_station, changed_at, row_mac)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (rel_id) DO UPDATE SET state = excluded.state, sig_vendor = excluded.sig_vendor, sig_station = excluded.sig_station,
       changed_at = excluded.changed_at, row_mac = excluded.row_mac`,
    [row.relId, row.fwm, row.wrapped, row.state, row.sigVendor ?? null, row.sigStation ?? null, row.changedAt, row.rowMac],
  )
}

/** Part of an order's commit. */
export async function putFirmware(run: PgDatabase['query'], { vendors = [], releases = [] }: FirmwareChanges): Promise<void> {
  for (const row of vendors)
    await run(
      `INSERT INTO crypto_machine.firmware_vendor (vendor, public_key, state, row_mac) VALUES ($1, $2, $3, $4)
       ON CONFLICT (vendor) DO UPDATE SET public_key = excluded.public_key, state = excluded.state, row_mac = excluded.row_mac`,
      [row.vendor, row.publicKey, row.state, row.rowMac],
    )
  for (const row of releases) await putRelease(run, row)
}
