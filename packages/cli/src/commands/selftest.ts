import { readFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { createEngine, ENGINE_NAMES } from '@zhuzhan/gm-crypto'
import type { EngineName } from '@zhuzhan/gm-crypto'
import { runVectors } from '@zhuzhan/osp1'
import type { Command } from 'commander'
import { createOutput } from '../output.js'

export function selftestCommand(program: Command): void {
  program.command('selftest').description('run a file of test vectors (format of vectors-sm.json)')
    .requiredOption('--vectors <file>', 'JSON file of vectors')
    .option('--engine <engine>', ENGINE_NAMES.join(' or '), 'openssl')
    .option('--json', 'one line of JSON')
    .action(async (options: { vectors: string; engine: string; json?: boolean }) => {
      if (!ENGINE_NAMES.includes(options.engine as EngineName)) throw new HesError('BODY_INVALID', `--engine is ${ENGINE_NAMES.join(' or ')}, not '${options.engine}'`)
      const report = await runVectors(JSON.parse(await readFile(options.vectors, 'utf8')), { engine: createEngine(options.engine as EngineName) })
      // The report is the result, for people too: it is short, and scripts read it without --json.
      createOutput(options.json === true).result(report, JSON.stringify(report, null, 2))
      if (report.failed > 0) process.exitCode = 1
    })
}
