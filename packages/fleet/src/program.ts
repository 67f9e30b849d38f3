import { readFile } from 'node:fs/promises'
import { policySettings } from '@zhuzhan/policy'
import { pino } from 'pino'
import { startControl } from './control/server.js'
import type { ControlServer } from './control/server.js'
import { drawFaults } from './faults/faults.js'
import type { FleetCommandLine } from './options.js'
import { tcpDial } from './run/dial.js'
import { createFleet } from './run/fleet.js'
import type { Fleet } from './run/fleet.js'
import { readKeyList } from './run/key-list.js'
import { createLedger } from './run/ledger.js'
import { fleetRegistry } from './run/registry.js'
import { memoryState, openStateJournal } from './run/state-journal.js'

export interface RunningFleet {
  fleet: Fleet
  control: ControlServer | undefined
  stop(): Promise<void>
}

const STATUS_EVERY_MS = 60_000

/** A fleet as the command line describes it, connected to its gateway. @throws HesError CONFIG_INVALID for a laboratory substitution in production */
export async function runFleet(line: FleetCommandLine): Promise<RunningFleet> {
  policySettings({ production: process.env['ZHUZHAN_PRODUCTION'] === '1', hardware: [], laboratory: line.labSubstitution })
  const log = pino({ name: 'fleet', level: line.logLevel }, process.stderr)
  const ca = line.tlsCa === undefined ? undefined : await readFile(line.tlsCa, 'utf8')
  const fleet = await createFleet({
    registry: fleetRegistry(line),
    dial: tcpDial({ ...line.gateway!, ...(line.tls && { tls: ca === undefined ? {} : { ca } }) }),
    ...(line.keys !== undefined && { keys: await readKeyList(line.keys) }),
    state: line.state === undefined ? memoryState() : await openStateJournal(line.state),
    ledger: createLedger(line.ledger),
    log,
    settings: {
      zone: line.utcOffset, heartbeatSeconds: line.heartbeat, reportSeconds: line.reportSeconds, reportItems: line.reportItems,
      frameSize: line.frameSize, apduSize: line.apduSize,
      fieldDevices: line.fieldDevices, fieldSeconds: line.fieldSeconds, labSubstitution: line.labSubstitution, pileObject: line.pileObject, applianceObject: line.applianceObject, instant: line.speed,
    },
  })
  drawFaults(fleet.faults, fleet.terminals.keys(), line.faults)
  const control = line.control && await startControl(fleet, line.control)
  fleet.start(line.connectPerSecond)
  log.info({ terminals: fleet.terminals.size, meters: line.meters, gateway: line.gateway, control: control?.port, faults: fleet.faults.count }, 'fleet started')

  const status = setInterval(() => {
    const ready = [...fleet.terminals.values()].filter((t) => t.link.ready).length
    log.info({ ready, ...fleet.counts }, 'fleet')
  }, STATUS_EVERY_MS)
  return {
    fleet, control,
    stop: async () => {
      clearInterval(status)
      await control?.close()
      await fleet.stop()
      log.info({ ...fleet.counts }, 'fleet stopped')
    },
  }
}
