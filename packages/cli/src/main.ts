import { errorText, HesError } from '@zhuzhan/core'
import { Command } from 'commander'
import { auditCommand } from './commands/audit.js'
import { benchCommand } from './commands/bench.js'
import { doctorCommand } from './commands/doctor.js'
import { fleetCommand } from './commands/fleet.js'
import { keysCommand } from './commands/keys.js'
import { migrateCommand } from './commands/migrate.js'
import { selftestCommand } from './commands/selftest.js'
import { wireCommands } from './commands/wire.js'

const program = new Command('zhuzhan').description('Zhuzhan, the open master station for DL/T 698.45').version('0.1.0').showHelpAfterError()
for (const add of [wireCommands, keysCommand, selftestCommand, auditCommand, migrateCommand, fleetCommand, benchCommand, doctorCommand]) add(program)

try {
  await program.parseAsync()
} catch (error) {
  const code = error instanceof HesError ? ` (${error.code})` : ''
  process.stderr.write(`zhuzhan: ${errorText(error)}${code}\n`)
  process.exitCode = 1
}
