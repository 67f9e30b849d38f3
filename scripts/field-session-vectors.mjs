// Writes the vectors of FSP-1 from the built code; packages/field-sessions/src/vectors checks them by other means.
import { writeFileSync } from 'node:fs'
import { makeVectors } from '../packages/field-sessions/dist/vectors/make.js'

writeFileSync(new URL('../packages/field-sessions/vectors/vectors-fsp1.json', import.meta.url), `${JSON.stringify(await makeVectors(), null, 1)}\n`)
