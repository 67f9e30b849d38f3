import { errorText, HesError } from '@zhuzhan/core'
import { Command } from 'commander'
import { wireCommands } from './commands/wire.js'

const program = new Command('zhuzhan').description('Zhuzhan, the open master station for DL/T 698.45').version('0.1.0').showHelpAfterError()
/** These need no station: they answer at once, without loading what the others stand on. */
const ABOUT_FRAMES = new Set(['decode', 'encode', 'explain', 'build'])
const asked = process.argv[2] ?? ''

try {
  wireCommands(program)
  if (!ABOUT_FRAMES.has(asked)) (await import('./commands/analyse.js')).analyseCommand(program)
  if (!ABOUT_FRAMES.has(asked) && asked !== 'analyse') (await import('./commands/station.js')).stationCommands(program)
  await program.parseAsync()
} catch (error) {
  const code = error instanceof HesError ? ` (${error.code})` : ''
  process.stderr.write(`zhuzhan: ${errorText(error)}${code}\n`)
  process.exitCode = 1
}
