import { createHash } from 'node:crypto'
import type { SiteAudit, SiteInput } from '@zhuzhan/energy-audit'
import type pg from 'pg'

const STORE = `INSERT INTO energy_audit_version (level, subject, month, version, digest, formulas, provisional, audit, run, computed_at)
  SELECT $1, n.subject, $2::date, coalesce(last.version, 0) + 1, n.digest, n.formulas, n.provisional, n.audit, $3, $4
  FROM unnest($5::text[], $6::bytea[], $7::text[], $8::boolean[], string_to_array($9, E'\\x01')::json[]) AS n (subject, digest, formulas, provisional, audit)
  LEFT JOIN LATERAL (SELECT version, digest, formulas FROM energy_audit_version v WHERE v.level = $1 AND v.subject = n.subject AND v.month = $2::date ORDER BY version DESC LIMIT 1) AS last ON true
  WHERE last.version IS NULL OR last.digest <> n.digest OR last.formulas <> n.formulas`

/** Between documents of one parameter: JSON has it in no text, and a list would have every quotation mark of them escaped. */
const BETWEEN = '\x01'

/** An audit and the digest of what it was computed from. */
export interface Computed {
  subject: string
  audit: SiteAudit
  digest: Buffer
}

/** SHA-256 over everything an audit was computed from. Of the clock only whether the month was over counts, and until then the day. */
export function digestOf({ now, meters, ...input }: SiteInput, monthOver: boolean): Buffer {
  const hash = createHash('sha256').update(text({ ...input, now: monthOver ? 'over' : Math.floor(now / 86_400_000) }))
  for (const { curve, samples, validated, midnights, ...meter } of meters) {
    hash.update(text(meter))
    hash.update(midnights.map(({ time, values }) => `${time} ${[...values].join(' ')}`).join('\n'))
    // Thousands of points, so not by way of JSON.
    hash.update(curve.map(({ time, value, estimated }) => `${time} ${value} ${estimated}`).join('\n'))
    hash.update(samples.map(({ time, volts, amps, powerFactor }) => `${time} ${volts?.join(',')} ${amps?.join(',')} ${powerFactor}`).join('\n'))
    if (validated) hash.update(`${validated.intervals.unit} ${validated.present} `).update(validated.digest)
  }
  return hash.digest()
}

function text(value: object): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one instanceof Map ? [...(one as Map<unknown, unknown>)] : one))
}

/** Stores audits of different subjects, each as its next version, unless the one before saw the same data by the same formulas. */
export async function storeVersions(client: pg.ClientBase, { level, month, run, now }: { level: string; month: string; run: string | null; now: number }, computed: readonly Computed[]): Promise<void> {
  if (computed.length === 0) return
  await client.query(STORE, [
    level, `${month}-01`, run, new Date(now), computed.map(({ subject }) => subject), computed.map(({ digest }) => digest), computed.map(({ audit }) => audit.formulas),
    computed.map(({ audit }) => audit.status.provisional), computed.map(({ audit }) => JSON.stringify(audit)).join(BETWEEN),
  ])
}
