import type { Command } from 'commander'
import { auditCommand } from './audit.js'
import { benchCommand } from './bench.js'
import { certCommand } from './cert.js'
import { chaosCommand } from './chaos.js'
import { doctorCommand } from './doctor.js'
import { firmwareCommand } from './firmware.js'
import { fleetCommand } from './fleet.js'
import { groupsCommand } from './groups.js'
import { keysCommand } from './keys.js'
import { migrateCommand } from './migrate.js'
import { modulesCommand } from './modules.js'
import { selftestCommand } from './selftest.js'
import { mandateCommand } from './mandate.js'
import { ticketCommand } from './ticket.js'

/** Everything that has to do with a running station, its database, its keys or its fleet. */
export function stationCommands(program: Command): void {
  for (const add of [keysCommand, modulesCommand, groupsCommand, firmwareCommand, ticketCommand, mandateCommand, certCommand, selftestCommand, auditCommand, migrateCommand, fleetCommand, benchCommand, chaosCommand, doctorCommand]) add(program)
}
