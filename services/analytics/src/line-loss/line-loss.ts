import { createHash } from 'node:crypto'
import type { Clock, LocalDay } from '@zhuzhan/core'
import { exactText } from '@zhuzhan/energy-audit'
import { openTheftCasesIn, transaction } from '@zhuzhan/persistence'
import type { NewTheftCase } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { areaDay } from './area-day.js'
import type { AreaDay } from './area-day.js'
import { areaFeeder } from './area-feeder.js'
import type { AreaFeeder } from './area-feeder.js'
import { localiseInThread, notLocalised } from './localisation.js'
import type { Localisation } from './localisation.js'

export interface LineLossRun {
  /** Computes what is due, the oldest days first, and queues the rest. A kill or a cancellation loses at most the one in hand. @returns how many */
  work(work: LongWork): Promise<number>
}

const SLICE_MS = 5_000
const PRIORITY = 10
/** The most one area keeps the next one waiting; 200 lines took 3.5 s. */
const LOCALISE_MS = 20_000

const TAKE = `DELETE FROM area_loss_due WHERE (area, day) IN (SELECT area, day FROM area_loss_due ORDER BY day, area LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING area, day::text AS day`
const PUT_BACK = 'INSERT INTO area_loss_due (area, day) VALUES ($1, $2::date) ON CONFLICT DO NOTHING'
const STORE = `INSERT INTO area_loss_day (area, day, version, digest, supply, feed_in, sales, percent, loss_class, why_not, meters_expected, meters_with_both, estimated_share, diagnosis, computed_at)
  SELECT $1, $2::date, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM area_loss_day WHERE area = $1 AND day = $2::date
  HAVING (array_agg(digest ORDER BY version DESC))[1] IS DISTINCT FROM $3::bytea`
/**
 * Days of areas whose meters' days changed are due; the meters' days are committed together with this. A row that is there already is locked until then:
 * who took it before would read the meters' days of before, and nothing would be due afterwards.
 */
const DUE = `INSERT INTO area_loss_due (area, day) SELECT DISTINCT area, $2::date FROM loss_area_meter
  WHERE meter_id = ANY($1::int[]) AND from_day <= $2::date AND (to_day IS NULL OR to_day > $2::date) ORDER BY area ON CONFLICT (area, day) DO UPDATE SET day = excluded.day`

export async function areasDue(client: pg.ClientBase, meterIds: readonly number[], day: LocalDay): Promise<void> {
  await client.query(DUE, [meterIds, day])
}

/** What was analysed, and what came of it. */
interface Localised { digest: Buffer; localisation: Localisation }
type Analysable = Extract<AreaFeeder, { whyNot: null }>

const RAISED: ReadonlySet<string | undefined> = new Set(['raised', 'high'])
const BY_THEFT: ReadonlySet<string> = new Set(['theft-suspected', 'unexplained'])
const isRaised = ({ loss, diagnosis }: AreaDay): boolean => RAISED.has(loss?.lossClass) || BY_THEFT.has(diagnosis.conclusion)

/** Line loss of transformer areas, day by day. */
export function createLineLossRun({ pool, queues, clock, sliceMs = SLICE_MS, localiseMs = LOCALISE_MS }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; sliceMs?: number; localiseMs?: number }): LineLossRun {
  /**
   * One area's day with the row that asked for it, or neither. A raised day whose feeder is not the one of `localised` stays due: no transaction waits for
   * an analysis, and what is stored is of the data that were analysed.
   */
  const store = (localised: Localised | undefined): Promise<'stored' | 'nothing' | Analysable> => transaction(pool, async (client) => {
    const { rows: [due] } = await client.query<{ area: string; day: LocalDay }>(TAKE)
    if (!due) return 'nothing'
    const computed = await areaDay(client, due.area, due.day)
    const seen = isRaised(computed) ? await areaFeeder(client, due.area, due.day) : undefined
    if (seen?.whyNot === null && !localised?.digest.equals(seen.digest)) {
      await client.query(PUT_BACK, [due.area, due.day])
      return seen
    }
    const localisation = seen && (seen.whyNot === null ? localised?.localisation : notLocalised(seen.whyNot))
    const { loss, whyNot, metersExpected, metersWithBoth, estimatedShare, diagnosis } = computed
    await client.query(STORE, [
      due.area, due.day, digestOf(computed, seen, localisation), loss && exactText(loss.supply), loss && exactText(loss.feedIn), loss && exactText(loss.sales), loss?.percent, loss?.lossClass, whyNot,
      metersExpected, metersWithBoth, estimatedShare, JSON.stringify({ ...diagnosis, ...(localisation && { localisation }) }), new Date(clock.now()),
    ])
    // A case for people, with the figure it comes from: nothing else follows from it.
    await openTheftCasesIn(client, casesOf(due, computed, localisation), 'analytics', new Date(clock.now()))
    return 'stored'
  })
  const one = async (signal: AbortSignal): Promise<boolean> => {
    let outcome = await store(undefined)
    while (typeof outcome === 'object') outcome = await store({ digest: outcome.digest, localisation: await localiseInThread(outcome, localiseMs, signal) })
    return outcome === 'stored'
  }
  return {
    work: async ({ progress, signal }) => {
      const until = clock.monotonic() + sliceMs
      const { rows: [due] } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM area_loss_due')
      const total = due?.count ?? 0
      let done = 0
      // What becomes due meanwhile belongs to the next run, or this one might never end.
      while (done < total) {
        signal.throwIfAborted()
        if (clock.monotonic() >= until) {
          await queues.add('analysis.line-loss', {}, { jobId: `line-loss-${clock.now()}`, priority: PRIORITY })
          return done
        }
        if (!await one(signal)) break
        done += 1
        await progress(done, total)
      }
      return done
    },
  }
}

function digestOf({ digest }: AreaDay, seen: AreaFeeder | undefined, localisation: Localisation | undefined): Buffer {
  if (!seen) return digest
  // With the reason why there is nothing: what did not end in time may do so another time.
  return createHash('sha256').update(digest).update(seen.whyNot === null ? seen.digest : '').update(localisation?.whyNot ?? '').digest()
}

/** Of meters that count less than they did, with what passes them by voltages and currents. The latter alone opens none: it names neighbours of a thief as well. */
function casesOf({ area, day }: { area: string; day: LocalDay }, { loss, diagnosis }: AreaDay, localisation: Localisation | undefined): NewTheftCase[] {
  const places = new Map(localisation?.suspects.map((one) => [one.meter, one]))
  return diagnosis.suspects.map(({ meter, before, now }) => {
    const place = places.get(meter)
    return {
      meter, source: 'line-loss', why: `area ${area} loses more than its lines explain, and this meter counts less than it did`,
      evidence: {
        area, day, percent: loss?.percent ?? null, kwhADayBefore: before, kwhADayNow: now,
        ...(place && { unmeteredKwh: place.kwh, unmeteredDays: localisation?.days.length, kinds: place.kinds }),
      },
    }
  })
}
