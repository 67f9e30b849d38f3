import { Command, InvalidArgumentError, Option } from 'commander'
import { FAULT_NAMES } from './faults/table.js'
import type { FaultName } from './faults/table.js'

export interface ChaosCommandLine {
  json: boolean
  seconds: number
  backend: 'postgres' | 'redis' | 'both'
  seed: number
  faults: FaultName[]
  terminals: number
  rate: number
  logs?: string
}

function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high) throw new InvalidArgumentError(`a whole number from ${low} to ${high}`)
    return value
  }
}

function faultNames(text: string): FaultName[] {
  return text.split(',').map((name) => {
    if (!(FAULT_NAMES as string[]).includes(name.trim())) throw new InvalidArgumentError(`'${name}' is none of ${FAULT_NAMES.join(', ')}`)
    return name.trim() as FaultName
  })
}

export function chaosCommand(): Command {
  return new Command('chaos')
    .description('Loads a station of its own, breaks it on purpose, and compares what was acknowledged with what is stored (docs/chaos.md).')
    .option('--json', 'one JSON line, the last on standard output', false)
    .option('--seconds <n>', 'how long to break things', whole(10, 86_400), 120)
    .addOption(new Option('--backend <name>', 'where the queues live').choices(['postgres', 'redis', 'both']).default('postgres'))
    .option('--seed <n>', 'the same seed breaks the same things in the same order', whole(0, 4_294_967_295), Date.now() % 1_000_000)
    .option('--faults <kinds>', `only these, separated by commas: ${FAULT_NAMES.join(', ')}`, faultNames, [...FAULT_NAMES])
    .option('--terminals <n>', 'virtual terminals, ten meters behind each', whole(1, 1_000), 40)
    .option('--rate <n>', 'reports a second, three readings each; at most one a second and meter', whole(1, 10_000), 100)
    .option('--logs <folder>', 'copy the logs of station and servers there')
}

export function readCommandLine(args: readonly string[], command = chaosCommand()): ChaosCommandLine {
  const line = command.parse([...args], { from: 'user' }).opts<ChaosCommandLine>()
  if (line.rate > line.terminals * 10) command.error(`error: ${line.terminals} terminals make at most ${line.terminals * 10} reports a second`)
  return line
}
