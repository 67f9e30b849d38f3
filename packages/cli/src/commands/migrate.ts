import { migrate } from '@zhuzhan/persistence'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { findDatabase, MIGRATIONS } from '../station.js'

export function migrateCommand(program: Command): void {
  program.command('migrate').description('bring the database to the newest layout').option('--json', 'one line of JSON').action(async (options: { json?: boolean }) => {
    const result = await migrate(await findDatabase(), MIGRATIONS)
    createOutput(options.json === true).result(result, result.applied.length === 0 ? `The database is up to date (${result.present.length} migrations).` : `Applied: ${result.applied.join(', ')}`)
  })
}
