export { AUDIT_FORMATS, auditFile, MEDIA_TYPES } from './audit-file.js'
export type { AuditFormat } from './audit-file.js'
export { auditRenderer } from './render-thread.js'
export type { AuditRenderer } from './render-thread.js'
