import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Command } from 'commander'
import { PROJECT } from '../station.js'

/** The kill rig is a program of its own with a station of its own; this hands every argument on to it. */
export function chaosCommand(program: Command): void {
  program.command('chaos').description('break a station on purpose and count what it lost').argument('[options...]').allowUnknownOption().helpOption(false).action(async (operands: string[]) => {
    // Out of the terminal's process group: Ctrl-C reaches it through us, once.
    const child = spawn(process.execPath, ['--enable-source-maps', join(PROJECT, 'packages/chaos/dist/main.js'), ...operands], { stdio: 'inherit', detached: true })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
    process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  })
}
