import type { Command } from 'commander'
import { anomalyCommand } from '../analyse/anomaly.js'
import { auditCommand } from '../analyse/audit.js'
import { chargingLoopCommand } from '../analyse/charging-loop.js'
import { chargingCommand } from '../analyse/charging.js'
import { feederCommand } from '../analyse/feeder.js'
import { forecastCommand } from '../analyse/forecast.js'
import { veeCommand } from '../analyse/vee.js'

/** Analyses of files: for analysts with data of their own. They need no station. docs/analytics.md */
export function analyseCommand(program: Command): void {
  const analyse = program.command('analyse').description('analyse files of readings: needs no station')
  for (const add of [anomalyCommand, auditCommand, chargingCommand, chargingLoopCommand, feederCommand, forecastCommand, veeCommand]) add(analyse)
}
