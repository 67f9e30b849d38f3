import { defineConfig } from 'prisma/config'

/** Tables written by SQL only; Prisma must not propose to drop them. */
const external = [
  'replica', 'terminal_session', 'reading', 'reading_default', 'reading_shape', 'reading_shape_item', 'reading_conflict', 'reading_tidy', 'dead_letter', 'collection_gap', 'event',
  'audit_entry', 'audit_head', 'daily_energy', 'completeness', 'energy_audit', 'touched_days', 'reading_edit', 'edited_value', 'meter_ratio', 'vee_threshold', 'vee_day', 'day_curve', 'loss_area', 'loss_area_meter', 'area_loss_due', 'area_loss_day', 'consumption_month', 'vee_gap', 'figure_history', 'audit_due',
  'cost_account', 'cost_entry', 'cost_notice', 'cost_protection', 'cost_proposal', 'cost_holiday_year', 'webhook_endpoint', 'webhook_delivery',
].map((table) => `public.${table}`)

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  experimental: { externalTables: true },
  tables: { external },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost/zhuzhan' },
})
