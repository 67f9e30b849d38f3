const KEYS = { daily_energy: ['day', 'day'], vee_day: ['day', 'day'], consumption_month: ['month', "to_char(month, 'YYYY-MM')"] } as const

/**
 * What stands behind a CTE `gone` that deletes figures of a table: each leaves in figure_history what it was, with the cause of the transaction. Triggers
 * of the tables tell what was changed, not what was deleted.
 */
export function tellGone(figure: keyof typeof KEYS): string {
  const [column, subject] = KEYS[figure]
  return `INSERT INTO figure_history (meter_id, figure, subject, before, after, cause)
  SELECT meter_id, '${figure}', concat_ws('/', ${subject}, lpad(upper(to_hex(item)), 8, '0')), to_jsonb(gone) - '{computed_at,meter_id,${column},item}'::text[], '{}', coalesce(nullif(current_setting('zhuzhan.cause', true), ''), '{}')::jsonb FROM gone`
}
