import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectControl, fleetRegistry } from '@zhuzhan/fleet'
import type { ControlClient } from '@zhuzhan/fleet'
import { startStation } from '@zhuzhan/testing'
import type { StationRest, TestStation } from '@zhuzhan/testing'
import { until } from '../wait.js'

/** What a drill makes of a quarter hour: a minute. */
export const SLOT_MS = 60_000
/** Addresses of the meters behind the station's one terminal. */
export const METERS: readonly string[] = fleetRegistry({ terminals: 1, meters: 10, profile: 'mixed' })[0]!.meters

/** A whole station with one virtual terminal, somebody at the fleet's controls, and a dispatcher. */
export interface DrillStation {
  station: TestStation
  fleet: ControlClient
  dispatcher: StationRest
  databaseUrl: string
  stop(): Promise<void>
}

/** @param meter waited for until it is online @throws Error when it is not within a minute; nothing is left running */
export async function startDrillStation(meter: string): Promise<DrillStation> {
  const station = await startStation({ ZHUZHAN_DEMO_TERMINALS: '1' })
  let fleet: ControlClient | undefined
  const stop = async (): Promise<void> => {
    fleet?.close()
    await station.stop()
  }
  try {
    const { fleetControl, databaseUrl } = JSON.parse(readFileSync(join(station.dataDir, 'run/supervisor.json'), 'utf8')) as { fleetControl: string; databaseUrl: string }
    const [host, port] = fleetControl.split(':') as [string, string]
    fleet = await connectControl(host, Number(port))
    const [username, password] = ['dispatcher', 'dispatcher-of-the-test']
    expect((await station.rest.call('POST', '/api/v1/users', { username, password, roles: ['dispatcher'] })).status).toBe(201)
    await until('the meters', 60, async () => (await station.rest.call('GET', `/api/v1/meters/${meter}`)).body.online || undefined)
    return { station, fleet, dispatcher: station.rest.as(username, password), databaseUrl, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @returns whether it ran: the supervisor may be between two of its processes */
export function kill(station: TestStation, service: 'gateway-type1' | 'analytics'): boolean {
  try {
    station.signal(service, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

/** Kills the gateway however often the supervisor starts it again. @param end epoch ms @returns how often */
export async function keepGatewayDead(station: TestStation, end: number): Promise<number> {
  let kills = 0
  let killed: number | undefined
  for (; Date.now() < end; await sleep(100)) {
    const pid = station.pidOf('gateway-type1')
    if (pid === undefined || pid === killed) continue
    killed = pid
    if (kill(station, 'gateway-type1')) kills++
  }
  return kills
}
