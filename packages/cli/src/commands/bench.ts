import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import type { Command } from 'commander'
import { PROJECT } from '../station.js'

/** Benches are programs of their own in bench/, run from their sources. */
export function benchCommand(program: Command): void {
  program.command('bench').description('measure against a foil in the same run').argument('[name]', 'which bench; without it the list').option('--json', 'one line of JSON')
    .allowUnknownOption().allowExcessArguments()
    .action(async (name: string | undefined, options: { json?: boolean }, command: Command) => {
      const known = (await readdir(join(PROJECT, 'bench'))).filter((file) => file.endsWith('.bench.ts')).map((file) => file.slice(0, -9))
      if (name === undefined) return void process.stdout.write(`${known.join('\n')}\n`)
      if (!known.includes(name)) throw new HesError('NOT_FOUND', `There is no bench '${name}'. There are: ${known.join(', ')}.`)
      const child = spawn(process.execPath, ['--conditions=zhuzhan-source', '--import', 'tsx', join(PROJECT, 'bench', `${name}.bench.ts`), ...(options.json ? ['--json'] : []), ...command.args.slice(1)], {
        // Paths in a bench's own options are the caller's.
        stdio: 'inherit', cwd: join(PROJECT, 'bench'), env: { ...process.env, INIT_CWD: process.env['INIT_CWD'] ?? process.cwd() },
      })
      process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
    })
}
