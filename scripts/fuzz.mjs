/**
 * `npm run fuzz -- PROTOCOL …`: sets up what is missing, bundles bench/fuzz.ts from its sources and runs it. Bundled and
 * not through tsx: that wraps every closure, which makes one input or another look slow.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bootstrap, orExplain } from './bootstrap.mjs'
import { ROOT } from './build.mjs'
import { createProgress } from './progress.mjs'

await orExplain(() => bootstrap({ say: createProgress(process.stderr) }))
const esbuild = await import('esbuild')
// As deep as bench/fuzz/, whose files find the vectors relative to themselves.
const bundle = join(ROOT, 'bench/dist/fuzz.mjs')
await esbuild.build({
  absWorkingDir: ROOT, entryPoints: ['bench/fuzz.ts'], outfile: bundle, bundle: true, format: 'esm', platform: 'node', target: 'node20', conditions: ['zhuzhan-source'], logLevel: 'warning',
})
process.exitCode = spawnSync(process.execPath, [bundle, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' }).status ?? 1
