import { createHash } from 'node:crypto'
import type { SiteAudit, SiteInput } from '@zhuzhan/energy-audit'
import type pg from 'pg'

const STORE = `INSERT INTO energy_audit_version (level, subject, month, version, digest, formulas, provisional, audit, run, computed_at)
  SELECT $1, $2, $3::date, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8, $9 FROM energy_audit_version WHERE level = $1 AND subject = $2 AND month = $3::date
  HAVING (array_agg(digest ORDER BY version DESC))[1] IS DISTINCT FROM $4::bytea OR (array_agg(formulas ORDER BY version DESC))[1] IS DISTINCT FROM $5`

/** SHA-256 over everything an audit was computed from. Of the clock only whether the month was over counts, and until then the day. */
export function digestOf({ now, meters, ...input }: SiteInput, monthOver: boolean): Buffer {
  const hash = createHash('sha256').update(text({ ...input, now: monthOver ? 'over' : Math.floor(now / 86_400_000) }))
  for (const { curve, samples, ...meter } of meters) {
    hash.update(text(meter))
    // Thousands of points, so not by way of JSON.
    hash.update(curve.map(({ time, value, estimated }) => `${time} ${value} ${estimated}`).join('\n'))
    hash.update(samples.map(({ time, volts, amps, powerFactor }) => `${time} ${volts?.join(',')} ${amps?.join(',')} ${powerFactor}`).join('\n'))
  }
  return hash.digest()
}

function text(value: object): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one instanceof Map ? [...(one as Map<unknown, unknown>)] : one))
}

/** Stores an audit as the next version, unless the one before saw the same data by the same formulas. @returns whether it is new */
export async function storeVersion(client: pg.ClientBase, input: SiteInput, audit: SiteAudit, run: string | null): Promise<boolean> {
  const { rowCount } = await client.query(STORE, [
    input.level, input.site.id, `${input.month}-01`, digestOf(input, audit.period.monthOver), audit.formulas, audit.status.provisional, JSON.stringify(audit), run, new Date(input.now),
  ])
  return rowCount === 1
}
