import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Command } from 'commander'
import { PROJECT } from '../station.js'

/** The virtual fleet is a program of its own; this hands every argument on to it. */
export function fleetCommand(program: Command): void {
  program.command('fleet').description('virtual terminals and meters against any gateway').argument('[options...]').allowUnknownOption().helpOption(false).action(async (operands: string[]) => {
    const child = spawn(process.execPath, [join(PROJECT, 'packages/fleet/dist/main.js'), ...operands], { stdio: 'inherit' })
    // Ctrl-C reaches the fleet too; wait for its orderly end.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
    process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  })
}
