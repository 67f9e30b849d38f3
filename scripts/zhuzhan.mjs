#!/usr/bin/env node
/** The `zhuzhan` command from a checkout: sets up what is missing (told on standard error), then hands over to packages/cli. */
import { bootstrap, orExplain } from './bootstrap.mjs'
import { createProgress } from './progress.mjs'

await orExplain(() => bootstrap({ say: createProgress(process.stderr) }))
await import('../packages/cli/dist/main.js')
