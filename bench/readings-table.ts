import type pg from 'pg'

export const DAY_MS = 86_400_000
/** Forward active energy and two voltages. */
export const ITEMS: readonly [number, number, number] = [0x00100201, 0x20000201, 0x20010201]

const VALUES = '(1000 + slot * 0.25)::numeric(12,2), (220 + slot % 17 * 0.1)::numeric(5,1), (221 + slot % 13 * 0.1)::numeric(5,1)'
const points = (from: number, day: number, meters: number): string => `generate_series(0, 95) AS s (n)
  CROSS JOIN LATERAL (SELECT ${day} * 96 + s.n AS slot, to_timestamp(${from / 1_000} + ${day} * 86400 + s.n * 900) AS time) AS t CROSS JOIN generate_series(1, ${meters}) AS m (id)`

/** Each statement that makes and fills a table stands in one transaction, which needs no log then; the key is built afterwards. @returns bytes a value */
async function fillDay(pool: pg.Pool, table: string, parent: string, key: string, from: number, day: number, select: string): Promise<number> {
  const [begin, end] = [day, day + 1].map((n) => new Date(from + n * DAY_MS).toISOString())
  await pool.query({
    text: `CREATE TABLE ${table} (LIKE ${parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS); INSERT INTO ${table} ${select}; ALTER TABLE ${table} ADD PRIMARY KEY (${key});
      ALTER TABLE ${parent} ATTACH PARTITION ${table} FOR VALUES FROM ('${begin}') TO ('${end}')`,
  })
  await pool.query(`VACUUM ANALYZE ${table}`)
  return (await pool.query<{ n: number }>(`SELECT pg_total_relation_size('${table}')::int AS n`)).rows[0]?.n ?? 0
}

/** Rows as the station stores them. @returns bytes a value, key included */
export async function fillWide(pool: pg.Pool, meters: number, from: number, days: number): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `SELECT reading_shape_of('{${ITEMS.join(',')}}', '{measured,measured,measured}', '{report,report,report}') AS id`)
  let bytes = 0
  for (let day = 0; day < days; day += 1) {
    const name = `reading_${new Date(from + day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`
    bytes += await fillDay(pool, name, 'reading', 'meter_id, time', from, day,
      `(time, received_at, meter_id, shape, values) SELECT t.time, t.time + interval '20 seconds', m.id, ${rows[0]?.id}, ARRAY[${VALUES}] FROM ${points(from, day, meters)} ORDER BY slot`)
    process.stderr.write(`\rwide: day ${day + 1} of ${days} `)
  }
  await pool.query('ANALYZE reading_shape_item')
  return Number((bytes / (meters * days * 96 * ITEMS.length)).toFixed(1))
}

/** The same, a row a value. */
export async function fillNarrow(pool: pg.Pool, meters: number, from: number, days: number): Promise<number> {
  await pool.query(`CREATE TABLE narrow (meter_id integer NOT NULL, time timestamptz(3) NOT NULL, item integer NOT NULL, value numeric NOT NULL, quality reading_quality NOT NULL,
    source reading_source NOT NULL, occurred_at timestamptz(3), received_at timestamptz(3) NOT NULL, PRIMARY KEY (meter_id, time, item)) PARTITION BY RANGE (time)`)
  let bytes = 0
  for (let day = 0; day < days; day += 1) {
    bytes += await fillDay(pool, `narrow_${day}`, 'narrow', 'meter_id, time, item', from, day,
      `SELECT m.id, t.time::timestamptz(3), i.item, i.value, 'measured', 'report', NULL, t.time + interval '20 seconds'
       FROM ${points(from, day, meters)} CROSS JOIN LATERAL unnest('{${ITEMS.join(',')}}'::int[], ARRAY[${VALUES}]) AS i (item, value) ORDER BY slot`)
  }
  return Number((bytes / (meters * days * 96 * ITEMS.length)).toFixed(1))
}
