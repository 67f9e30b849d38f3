import { HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { lockChargingSite } from './sites.js'

export interface ChargingVehicle {
  id: number
  pile: string
  plugAt: Date
  departAt: Date
  kwh: number
  person: string | null
  optedOutAt: Date | null
  withdrawnAt: Date | null
  servedKwh: number | null
}

export type NewChargingVehicle = Pick<ChargingVehicle, 'pile' | 'plugAt' | 'departAt' | 'kwh'> & { person?: string | undefined }

const VEHICLE = `id, pile, plug_at AS "plugAt", depart_at AS "departAt", kwh::float8 AS kwh, person, opted_out_at AS "optedOutAt", withdrawn_at AS "withdrawnAt", served_kwh::float8 AS "servedKwh"`

/**
 * Vehicles to come, all or none.
 * @throws HesError NOT_FOUND for a site or pile; STATE_CONFLICT where a pile would have two at once
 */
export function addChargingVehicles(pool: pg.Pool, site: string, vehicles: readonly NewChargingVehicle[], who: string, now: Date): Promise<ChargingVehicle[]> {
  return transaction(pool, async (client) => {
    await lockChargingSite(client, site)
    const { rows: unknown } = await client.query<{ pile: string }>('SELECT DISTINCT u.pile FROM unnest($2::text[]) AS u (pile) WHERE NOT EXISTS (SELECT FROM charging_pile p WHERE p.site = $1 AND p.pile = u.pile AND p.appliance IS NULL) ORDER BY 1 LIMIT 5', [site, vehicles.map(({ pile }) => pile)])
    if (unknown.length > 0) throw new HesError('NOT_FOUND', `${site} has no pile ${unknown.map(({ pile }) => pile).join(', ')}.`)
    const { rows } = await client.query<ChargingVehicle>(
      `INSERT INTO charging_vehicle (site, pile, plug_at, depart_at, kwh, person, created_by, created_at)
       SELECT $1, u.pile, u.plug_at, u.depart_at, u.kwh, u.person, $2, $3 FROM unnest($4::text[], $5::timestamptz[], $6::timestamptz[], $7::numeric[], $8::text[]) AS u (pile, plug_at, depart_at, kwh, person) RETURNING ${VEHICLE}`,
      [site, who, now, vehicles.map(({ pile }) => pile), vehicles.map(({ plugAt }) => plugAt), vehicles.map(({ departAt }) => departAt), vehicles.map((one) => one.kwh), vehicles.map(({ person }) => person ?? null)])
    // Of the new ones with any: a site has years of vehicles that have left.
    const { rows: [twice] } = await client.query<{ pile: string; at: Date }>(
      `SELECT a.pile, greatest(a.plug_at, b.plug_at) AS at FROM charging_vehicle a JOIN charging_vehicle b ON b.site = a.site AND b.pile = a.pile AND b.id <> a.id AND b.plug_at < a.depart_at AND a.plug_at < b.depart_at
       WHERE a.id = ANY($1::bigint[]) AND b.withdrawn_at IS NULL LIMIT 1`, [rows.map(({ id }) => id)])
    if (twice) throw new HesError('STATE_CONFLICT', `Pile ${twice.pile} would have two vehicles at ${twice.at.toISOString()}.`)
    await appendAuditIn(client, [{ actor: who, action: 'charging-vehicle.add', object: `charging-site/${site}`, outcome: 'ok', detail: { vehicles: rows.length } }], now)
    return rows.sort((a, b) => a.id - b.id)
  })
}

/** Those that are there at some time in [from, to). */
export async function listChargingVehicles(pool: pg.Pool | pg.ClientBase, site: string, { from, to, withdrawn = false }: { from?: Date | undefined; to?: Date | undefined; withdrawn?: boolean | undefined }): Promise<ChargingVehicle[]> {
  return (await pool.query<ChargingVehicle>(
    `SELECT ${VEHICLE} FROM charging_vehicle WHERE site = $1 AND depart_at > coalesce($2::timestamptz, '-infinity') AND plug_at < coalesce($3::timestamptz, 'infinity') AND ($4 OR withdrawn_at IS NULL) ORDER BY plug_at, pile, id`,
    [site, from ?? null, to ?? null, withdrawn])).rows
}

/** What each person, or pile of nobody known, was cut by over the vehicles that left in [from, to), kWh. */
export async function chargingDeficits(pool: pg.Pool | pg.ClientBase, site: string, from: Date, to: Date): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ whose: string; kwh: number }>(
    `SELECT coalesce('person ' || person, 'pile ' || pile) AS whose, sum(greatest(0, kwh - served_kwh))::float8 AS kwh FROM charging_vehicle
     WHERE site = $1 AND depart_at >= $2 AND depart_at < $3 AND served_kwh IS NOT NULL AND opted_out_at IS NULL AND withdrawn_at IS NULL GROUP BY 1`, [site, from, to])
  return new Map(rows.map(({ whose, kwh }) => [whose, kwh]))
}

export const whoseVehicle = ({ person, pile }: Pick<ChargingVehicle, 'person' | 'pile'>): string => (person === null ? `pile ${pile}` : `person ${person}`)

/** Somebody opts a vehicle out, or withdraws it, once. @throws HesError NOT_FOUND; STATE_CONFLICT when it was done or the vehicle has left */
export function changeChargingVehicle(pool: pg.Pool, id: number, what: 'opt-out' | 'withdraw', who: string, now: Date): Promise<ChargingVehicle> {
  return transaction(pool, async (client) => {
    const set = what === 'opt-out' ? 'opted_out_at = $2, opted_out_by = $3' : 'withdrawn_at = $2'
    const { rows: [changed] } = await client.query<ChargingVehicle>(
      `UPDATE charging_vehicle SET ${set} WHERE id = $1 AND withdrawn_at IS NULL AND depart_at > $2 AND $3 <> '' ${what === 'opt-out' ? 'AND opted_out_at IS NULL' : ''} RETURNING ${VEHICLE}`, [id, now, who])
    if (!changed) {
      const { rowCount } = await client.query('SELECT FROM charging_vehicle WHERE id = $1', [id])
      throw rowCount === 0 ? new HesError('NOT_FOUND', `There is no vehicle ${id}.`) : new HesError('STATE_CONFLICT', 'The vehicle has left, was withdrawn, or has opted out before.')
    }
    await appendAuditIn(client, [{ actor: who, action: `charging-vehicle.${what}`, object: `charging-vehicle/${id}`, outcome: 'ok' }], now)
    return changed
  })
}
