// Writes docs/errors.md from the one error table; test/architecture keeps them equal.
import { writeFileSync } from 'node:fs'
import { ERRORS } from '../packages/core/dist/index.js'

const rows = Object.entries(ERRORS).map(([code, row]) => `| \`${code}\` | ${row.http} | ${row.retry ? 'yes' : 'no'} | ${row.audit ? 'yes' : 'no'} | ${row.text} |`)
writeFileSync(new URL('../docs/errors.md', import.meta.url), `# Error codes

The same codes everywhere: REST answers \`{code, message, requestId, details?}\`, the audit log, the metrics \`gateway_refusals\` and
\`fep_refusals\`, the events \`security.refusal\`. "Again" tells whether the same request may succeed later without a change; "audit"
whether security is concerned and an audit entry is written. Written by \`node scripts/errors-doc.mjs\` from
[errors.ts](../packages/core/src/errors.ts).

| code | HTTP | again | audit | meaning |
|---|---|---|---|---|
${rows.join('\n')}
`)
