/** `npm run fuzz -- PROTOCOL …`: sets up what is missing, then runs bench/fuzz.ts from its sources. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bootstrap, orExplain } from './bootstrap.mjs'
import { ROOT } from './build.mjs'
import { createProgress } from './progress.mjs'

await orExplain(() => bootstrap({ say: createProgress(process.stderr) }))
const args = ['--conditions=zhuzhan-source', '--import', 'tsx', join(ROOT, 'bench/fuzz.ts'), ...process.argv.slice(2)]
process.exitCode = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1
