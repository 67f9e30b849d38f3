import { EVENT, OWNER, eventValues } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import { packMarks, unpackMarks } from './mark-record.js'
import type { KeptWindow, ReportStore } from './report-store.js'

/** Records read at once. */
const PAGE = 128

export function pgReports({ query, write }: PgDatabase): ReportStore {
  return {
    async markReports(marks) {
      const { id } = await write<{ id: string }>(
        `WITH ${OWNER}, kept AS (INSERT INTO crypto_machine.report_mark (marks) SELECT $2::bytea FROM owner RETURNING id) SELECT id FROM kept`,
        [packMarks(marks)],
        'mark-reports',
      )
      return Number(id)
    },
    async marksOnRecord(after) {
      const { rows } = await query<{ id: string; marks: Buffer }>('SELECT id, marks FROM crypto_machine.report_mark WHERE id > $1 ORDER BY id LIMIT $2', [after, PAGE])
      return rows.map(({ id, marks }) => ({ record: Number(id), marks: unpackMarks(marks) }))
    },
    async keepWindows(rows, foldedTo) {
      const ends: number[] = []
      let end = 0
      for (const { known } of rows) ends.push((end += known.length))
      // Bytes as one string of them: element by element the driver would need longer than the database.
      await write(
        `WITH ${OWNER}, kept AS (
           INSERT INTO crypto_machine.report_window (device_id, folded_to, known)
           SELECT v.device_id, $2::bigint, substring($5::bytea FROM v.at + 1 FOR v.size)
           FROM owner, unnest($3::integer[], $4::integer[], $6::integer[]) v (device_id, at, size) JOIN crypto_machine.device d ON d.id = v.device_id
           ON CONFLICT (device_id) DO UPDATE SET folded_to = excluded.folded_to, known = excluded.known)
         SELECT fencing FROM owner`,
        [foldedTo, rows.map(({ deviceId }) => deviceId), rows.map(({ known }, n) => (ends[n] as number) - known.length), Buffer.concat(rows.map(({ known }) => known)), rows.map(({ known }) => known.length)],
        'keep-windows',
      )
    },
    async forgetMarks(upTo) {
      await write(`WITH ${OWNER}, gone AS (DELETE FROM crypto_machine.report_mark m USING owner WHERE m.id <= $2) SELECT fencing FROM owner`, [upTo])
    },
    async keptWindows(deviceIds) {
      const { rows } = await query<{ device_id: number; known: Buffer | null; folded_to: string | null; high_known: boolean | null; highest: string; unchecked_to: string }>(
        `SELECT v.device_id, w.known, w.folded_to, h.known AS high_known, h.highest, h.unchecked_to
         FROM unnest($1::integer[]) v (device_id) LEFT JOIN crypto_machine.report_window w USING (device_id) LEFT JOIN crypto_machine.report_high h USING (device_id)
         WHERE w.device_id IS NOT NULL OR h.device_id IS NOT NULL`,
        [deviceIds],
      )
      return new Map(rows.map((row): [number, KeptWindow] => [row.device_id, {
        known: row.known ?? Buffer.alloc(0),
        foldedTo: Number(row.folded_to ?? 0),
        high: row.high_known === null ? undefined : { known: row.high_known, highest: Number(row.highest), uncheckedTo: Number(row.unchecked_to) },
      }]))
    },
    async setReportHigh({ deviceId, known }, { highest, uncheckedTo }, event) {
      await write(
        `WITH ${OWNER}, high AS (
           INSERT INTO crypto_machine.report_high (device_id, known, highest, unchecked_to) SELECT $5::integer, true, $6::bigint, $7::bigint FROM owner
           ON CONFLICT (device_id) DO UPDATE SET known = true, highest = excluded.highest, unchecked_to = excluded.unchecked_to),
         ${windowAnew('$5::integer', '$8::bytea')},
         event AS (${EVENT})
         SELECT fencing FROM owner`,
        [...eventValues(event), deviceId, highest, uncheckedTo, known],
      )
    },
  }
}

/** The window is this one, and nothing that is on record by now counts on top of it. Part of a statement with `owner`. */
export const windowAnew = (deviceId: string, known: string): string =>
  `anew AS (
     INSERT INTO crypto_machine.report_window (device_id, folded_to, known)
     SELECT ${deviceId}, nextval(pg_get_serial_sequence('crypto_machine.report_mark', 'id')), ${known} FROM owner
     ON CONFLICT (device_id) DO UPDATE SET folded_to = excluded.folded_to, known = excluded.known)`
