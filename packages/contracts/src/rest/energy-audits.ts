import { z } from 'zod'
import { AddressInput, MonthInput, ThingName } from './common.js'

export const AuditLevel = z.enum(['customer', 'area', 'plant'])
export const SiteIdInput = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/, 'letters, digits, and . _ - inside').describe('Name of the site in addresses')

const MOST_METERS = 5_000

export const EnergySiteBody = z.strictObject({
  level: AuditLevel,
  name: ThingName.nullable().default(null),
  settings: z.record(z.string(), z.unknown()).default({}).describe('Contract, tariff, transformer, holidays and so on: docs/analytics.md, Energy audit'),
  meters: z.array(z.strictObject({ meter: AddressInput, role: z.enum(['main', 'sub', 'user']).default('main'), parent: AddressInput.nullable().default(null) })).min(1).max(MOST_METERS),
})
export type EnergySiteBody = z.output<typeof EnergySiteBody>

export const EnergySiteAnswer = z.object({
  id: z.string(), level: AuditLevel, name: z.string().nullable(), settings: z.record(z.string(), z.unknown()),
  meters: z.array(z.object({ meter: z.string(), role: z.string(), parent: z.string().nullable() })), changedBy: z.string(), changedAt: z.string(),
}).meta({ id: 'EnergySite' })
export const EnergySiteList = z.object({ items: z.array(z.object({ id: z.string(), level: AuditLevel, name: z.string().nullable(), meters: z.number().int() })), nextCursor: z.null() })

export const NewAuditRunBody = z.strictObject({
  level: AuditLevel,
  month: MonthInput,
  subject: z.string().max(60).optional().describe('A site, or for customers the address of a meter; without it every subject of the level'),
})

export const AuditRunAnswer = z.object({
  id: z.string(), level: AuditLevel, month: z.string(), subject: z.string().nullable(), state: z.enum(['queued', 'running', 'done', 'cancelled']),
  total: z.number().int().nullable().describe('null until the run begins'), done: z.number().int(), failed: z.number().int(),
  errors: z.array(z.object({ subject: z.string(), error: z.string() })).describe('The first of the failed'),
  requestedBy: z.string(), createdAt: z.string(), endedAt: z.string().nullable(),
}).meta({ id: 'EnergyAuditRun' })
export const AuditRunList = z.object({ items: z.array(AuditRunAnswer), nextCursor: z.null() })

export const AuditVersionAnswer = z.object({
  version: z.number().int(), month: z.string(), provisional: z.boolean(), formulas: z.string(), digest: z.string().describe('SHA-256 over the data it was computed from'), run: z.string().nullable(), computedAt: z.string(),
}).meta({ id: 'EnergyAuditVersion' })
export const AuditVersionList = z.object({ items: z.array(AuditVersionAnswer), nextCursor: z.null() })

export const AuditFileQuery = z.strictObject({
  format: z.enum(['json', 'html', 'pdf', 'xlsx', 'csv']).default('html'),
  lang: z.enum(['zh', 'en']).default('zh'),
  version: z.coerce.number().int().positive().optional().describe('The last one when left out'),
})
