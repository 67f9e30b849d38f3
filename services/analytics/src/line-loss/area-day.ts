import { createHash } from 'node:crypto'
import { addDays, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { LOSS_COVERAGE, exact, lineLossOf, sum, toNumber } from '@zhuzhan/energy-audit'
import type { Exact, LineLoss } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import { diagnose } from './diagnosis.js'
import type { Diagnosis, UserMeter } from './diagnosis.js'

const REVERSE = 0x00200201
/** Days before that the diagnosis looks at. */
const HISTORY_DAYS = 35
const NORMAL_BELOW = 7

const MEMBERS = `SELECT l.meter_id AS id, m.address, l.role, v.energy::text AS energy, v.basis, v.why_not AS "whyNot", coalesce(v.estimated_share, 0) AS "estimatedShare",
    coalesce((SELECT jsonb_agg(DISTINCT f->>'code') FROM jsonb_array_elements(v.findings) AS f), '[]') AS codes, v.clock IS NOT NULL AS "clockKnown", r.energy::text AS reverse
  FROM loss_area_meter l JOIN meter m ON m.id = l.meter_id
  LEFT JOIN vee_day v ON v.meter_id = l.meter_id AND v.day = $2::date AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day_over
  LEFT JOIN daily_energy r ON r.meter_id = l.meter_id AND r.day = $2::date AND r.item = ${REVERSE}
  WHERE l.area = $1 AND l.from_day <= $2::date AND (l.to_day IS NULL OR l.to_day > $2::date) ORDER BY m.address`
const BEFORE = `SELECT meter_id AS id, day::text AS day, energy::float8 AS energy FROM vee_day WHERE meter_id = ANY($1::int[]) AND item = ${FORWARD_ACTIVE_TOTAL} AND day >= $2::date AND day < $3::date AND day_over AND energy IS NOT NULL`
const LOSSES = `SELECT DISTINCT ON (day) day::text AS day, supply::float8 + feed_in::float8 AS supply, supply::float8 + feed_in::float8 - sales::float8 AS loss
  FROM area_loss_day WHERE area = $1 AND day >= $2::date AND day < $3::date AND percent IS NOT NULL ORDER BY day, version DESC`

interface Member { id: number; address: string; role: 'sum' | 'user'; energy: string | null; basis: string | null; whyNot: string | null; estimatedShare: number; codes: string[]; clockKnown: boolean; reverse: string | null }

/** An area's day as it is stored. */
export interface AreaDay {
  /** Undefined: there is no figure, for the reason. */
  loss: LineLoss | undefined
  whyNot: string | null
  metersExpected: number
  metersWithBoth: number
  estimatedShare: number
  diagnosis: Diagnosis
  digest: Buffer
}

/** Supply less sales over one day, from the registers of validated days, and what speaks for which cause. Nothing is read but what the digest covers. */
export async function areaDay(client: pg.ClientBase, area: string, day: LocalDay): Promise<AreaDay> {
  const { rows: members } = await client.query<Member>(MEMBERS, [area, day])
  const [sums, users] = [members.filter(({ role }) => role === 'sum'), members.filter(({ role }) => role === 'user')]
  const from = addDays(day, -HISTORY_DAYS)
  const { rows: before } = await client.query<{ id: number; day: string; energy: number }>(BEFORE, [users.map(({ id }) => id), from, day])
  const { rows: losses } = await client.query<{ day: string; supply: number; loss: number }>(LOSSES, [area, from, day])
  const hasBoth = ({ energy, basis }: Member): boolean => energy !== null && basis === 'registers'
  const both = users.filter(hasBoth)
  const whyNot = refusal(sums, users, both, hasBoth)
  const total = (of: readonly Member[], what: 'energy' | 'reverse'): Exact => sum(of.map((one) => exact(one[what] ?? '0')))
  const figure = whyNot === null
    ? lineLossOf({ supply: total(sums, 'energy'), feedIn: total(both, 'reverse'), sales: total(both, 'energy'), metersExpected: users.length, metersWithBoth: both.length })
    : undefined
  // Nothing came in: there is no share of nothing.
  const loss = figure?.percent === undefined ? undefined : figure
  const days = Array.from({ length: HISTORY_DAYS }, (_, n) => addDays(from, n))
  const lossOn = new Map(losses.map((one) => [one.day, one]))
  const energyOn = new Map(before.map((one) => [`${one.id} ${one.day}`, one.energy]))
  const base = loss ? toNumber(loss.supply + loss.feedIn) : NaN
  const diagnosis = diagnose({
    percent: loss?.percent, normalBelow: NORMAL_BELOW,
    supply: [...days.map((one) => lossOn.get(one)?.supply ?? NaN), base], loss: [...days.map((one) => lossOn.get(one)?.loss ?? NaN), loss ? toNumber(loss.loss) : NaN],
    users: users.map((user): UserMeter => ({
      address: user.address, hasBoth: hasBoth(user), estimatedShare: user.estimatedShare, codes: user.codes, clockKnown: user.clockKnown, whyNot: user.whyNot,
      energies: [...days.map((one) => energyOn.get(`${user.id} ${one}`) ?? NaN), user.energy === null ? NaN : Number(user.energy)],
    })),
    sumCodes: sums.flatMap(({ codes }) => codes), sumClockKnown: sums.every(({ clockKnown }) => clockKnown),
  })
  return {
    loss, whyNot: loss ? null : whyNot ?? 'nothing came in', metersExpected: users.length, metersWithBoth: both.length,
    estimatedShare: members.length === 0 ? 0 : members.reduce((share, one) => share + one.estimatedShare, 0) / members.length,
    diagnosis, digest: createHash('sha256').update(JSON.stringify([members, before, losses])).digest(),
  }
}

function refusal(sums: readonly Member[], users: readonly Member[], both: readonly Member[], hasBoth: (member: Member) => boolean): string | null {
  const without = sums.filter((one) => !hasBoth(one))
  if (sums.length === 0) return 'the area has no sum meter on that day'
  if (without.length > 0) return `the sum meter ${without[0]?.address} has not both registers of the day${without[0]?.whyNot ? ` (${without[0].whyNot})` : ''}`
  if (users.length === 0) return 'the area has no meters on that day'
  return both.length < LOSS_COVERAGE * users.length ? `only ${both.length} of ${users.length} meters have both registers of the day, ${LOSS_COVERAGE * 100} % are needed` : null
}
