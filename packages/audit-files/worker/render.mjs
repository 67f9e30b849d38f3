// Runs in a thread of render-thread.ts. Plain JavaScript, so that it is the same file for the sources, the build and the bundle.
import { auditFile } from '@zhuzhan/audit-files'
import { move } from 'piscina'

export default async ({ audit, format, language }) => move(new Uint8Array(await auditFile(audit, format, language)))
