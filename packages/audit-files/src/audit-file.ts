import { auditDocument } from '@zhuzhan/energy-audit'
import type { Language, SiteAudit } from '@zhuzhan/energy-audit'
import { auditCsv } from './csv.js'
import { auditHtml } from './html.js'
import { auditPdf } from './pdf.js'
import { auditXlsx } from './xlsx.js'

export const AUDIT_FORMATS = ['json', 'html', 'pdf', 'xlsx', 'csv'] as const
export type AuditFormat = (typeof AUDIT_FORMATS)[number]

export const MEDIA_TYPES: Record<AuditFormat, string> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
}

/** An audit as a file. JSON is the audit itself and knows no language. */
export async function auditFile(audit: SiteAudit, format: AuditFormat, language: Language): Promise<Buffer> {
  if (format === 'json') return Buffer.from(`${JSON.stringify(audit, undefined, 2)}\n`)
  const document = auditDocument(audit, language)
  if (format === 'html') return Buffer.from(auditHtml(document))
  if (format === 'csv') return Buffer.from(auditCsv(document))
  return format === 'pdf' ? auditPdf(document) : auditXlsx(document)
}
