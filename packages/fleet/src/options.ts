import { HesError, offsetMinutes } from '@zhuzhan/core'
import { hardwareCiphersOf } from '@zhuzhan/policy'
import type { HardwareCipher } from '@zhuzhan/policy'
import { Command, InvalidArgumentError, Option } from 'commander'
import { FAULTS } from './faults/table.js'
import { parseFaultShares } from './faults/faults.js'
import type { FaultShare } from './faults/faults.js'
import { parseHostPort } from './run/dial.js'
import { PROFILE_CHOICES, USUAL_FIRST_ADDRESS } from './run/registry.js'
import type { ProfileChoice } from './run/registry.js'
import { USUAL_SETTINGS } from './terminal/context.js'

/** What the command line says, parsed. */
export interface FleetCommandLine {
  gateway?: { host: string; port: number }
  tls: boolean
  tlsCa?: string
  terminals: number
  meters: number
  firstAddress: number
  profile: ProfileChoice
  keys?: string
  state?: string
  ledger?: string
  reportSeconds: number
  reportItems: string[]
  heartbeat: number
  frameSize: number
  apduSize: number
  utcOffset: number
  faults: FaultShare[]
  fieldDevices: number
  fieldSeconds: number
  labSubstitution: HardwareCipher[]
  pileObject: string
  applianceObject: string
  speed: boolean
  connectPerSecond: number
  seconds?: number
  control?: { host: string; port: number }
  printRegistry: boolean
  logLevel: string
}

/** Turns what a parser throws into commander's way of saying what is wrong. */
function oiOf(text: string): string {
  if (!/^[0-9A-F]{4}$/.test(text)) throw new HesError('BODY_INVALID', 'four hex digits')
  return text
}

function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
    }
  }
}

function whole(low: number, high: number): (text: string) => number {
  return checked((text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high) throw new HesError('BODY_INVALID', `a whole number from ${low} to ${high}`)
    return value
  })
}

const hostPort = checked((text) => {
  const parsed = parseHostPort(text)
  if (parsed === undefined) throw new HesError('BODY_INVALID', 'write host:port')
  return parsed
})

const items = checked((text) => text.split(',').map((item) => {
  if (!/^[0-9A-Fa-f]{8}$/.test(item.trim())) throw new HesError('BODY_INVALID', `'${item}' is no OAD of 8 hex digits`)
  return item.trim().toUpperCase()
}))

export function fleetCommand(): Command {
  return new Command('fleet')
    .description('Virtual terminals with meters behind them, on real sockets, against any DL/T 698.45 gateway.')
    .option('--gateway <host:port>', 'where the terminals connect', hostPort)
    .option('--tls', 'TLS to the gateway', false)
    .option('--tls-ca <file>', 'PEM of the authority that signed the gateway\'s certificate')
    .option('--terminals <n>', 'how many terminals', whole(0, 100_000), 100)
    .option('--meters <n>', 'meters behind each', whole(0, 999), 10)
    .option('--first-address <n>', 'address of the first terminal; the others follow', whole(1, 199_999_999_999), USUAL_FIRST_ADDRESS)
    .addOption(new Option('--profile <profile>', 'security of the terminals; mixed: half plain, a quarter each OSP-1 mode').choices([...PROFILE_CHOICES]).default('plain'))
    .option('--keys <file>', 'JSON list of laboratory keys (zhuzhan keys issue), for sm terminals')
    .option('--state <folder>', 'keep counters and relays here over restarts')
    .option('--ledger <file>', 'append every acknowledged report with its readings')
    .option('--report-seconds <n>', 'period of active reports, 0 for none; below 60 present values, else minute freezes', whole(0, 86_400), USUAL_SETTINGS.reportSeconds)
    .option('--report-items <oads>', 'what a report carries', items, [...USUAL_SETTINGS.reportItems])
    .option('--heartbeat <n>', 'seconds between heartbeats', whole(5, 3_600), USUAL_SETTINGS.heartbeatSeconds)
    .option('--frame-size <n>', 'largest frame of a terminal in bytes', whole(64, 16_383), USUAL_SETTINGS.frameSize)
    .option('--apdu-size <n>', 'largest APDU of a terminal in bytes', whole(64, 65_000), USUAL_SETTINGS.apduSize)
    .option('--utc-offset <+hh:mm>', 'local time of the devices', checked(offsetMinutes), USUAL_SETTINGS.zone)
    .option('--faults <kind:share,...>', `share of terminals with a fault: ${Object.keys(FAULTS).join(', ')}`, checked(parseFaultShares), [])
    .option('--field-devices <n>', 'phones, breakers, sensors, appliances and charging piles at the meters, secured by FSP-1', whole(0, 10_000), USUAL_SETTINGS.fieldDevices)
    .option('--field-seconds <n>', 'seconds between what one of them says', whole(1, 86_400), USUAL_SETTINGS.fieldSeconds)
    .option('--lab-substitution <ciphers>', 'laboratory: SM4 in the place of SM1, SM7; with SM1 there are handhelds too', checked(hardwareCiphersOf), [])
    .option('--pile-object <oi>', 'OI of the charging pile object of the meters (not the standard\'s)', checked(oiOf), USUAL_SETTINGS.pileObject)
    .option('--appliance-object <oi>', 'OI of their appliance object (not the standard\'s)', checked(oiOf), USUAL_SETTINGS.applianceObject)
    .option('--speed', 'answer at once, without the times of a real line', false)
    .option('--connect-per-second <n>', 'how fast the terminals come', whole(1, 100_000), 200)
    .option('--seconds <n>', 'stop after so long and print the counts as one JSON line', whole(1, 10_000_000))
    .option('--control <host:port>', 'control port: newline-delimited JSON, verb "help"', hostPort)
    .option('--print-registry', 'print which devices the fleet would be, as JSON, and end', false)
    .addOption(new Option('--log-level <level>', 'what to log on standard error').choices(['debug', 'info', 'warn', 'error', 'silent']).default('info'))
}

/** @throws CommanderError for what does not fit, after saying so */
export function readCommandLine(args: readonly string[], command = fleetCommand()): FleetCommandLine {
  const { utcOffset, ...options } = command.parse([...args], { from: 'user' }).opts<FleetCommandLine>()
  if (!options.printRegistry && options.gateway === undefined) command.error('error: --gateway host:port is needed')
  return { ...options, utcOffset }
}
