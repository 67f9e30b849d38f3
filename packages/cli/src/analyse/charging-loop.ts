import { writeFile } from 'node:fs/promises'
import { HesError, seededWords } from '@zhuzhan/core'
import { START, nightPicture, runSimulatedNight, wallClock } from '@zhuzhan/demand-control'
import type { SimulatedFaults } from '@zhuzhan/demand-control'
import { limitAt, planCharging, readCase } from '@zhuzhan/energy-models'
import type { ChargingCase } from '@zhuzhan/energy-models'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { readJson } from './files.js'

interface Stretch { from: number; to: number }
interface Restart { pile: string; slot: number }
interface Options { case: string; lost: number; doubled: number; gatewayDown: Stretch[]; restart: Restart[]; safeKw: number; seed: number; svg?: string; log?: string; json?: boolean }

/** A pile that restarts is off for so long. */
const OFF_MS = 40_000

/** docs/analytics.md, the closed loop */
export function chargingLoopCommand(analyse: Command): void {
  analyse.command('charging-loop').description('a night in closed loop on simulated piles: commands, acknowledgements, read-backs, faults, and the log that explains them')
    .requiredOption('--case <file>', 'the night (JSON)')
    .option('--lost <share>', 'share of all messages that are lost', share, 0)
    .option('--doubled <share>', 'share of all messages that arrive a second time a minute later', share, 0)
    .addOption(new Option('--gateway-down <from-to>', 'slots in which the gateway is dead, 56.5-60; may be given again').argParser(stretch).default([]))
    .addOption(new Option('--restart <pile@slot>', 'a pile is off for 40 s and then at its safe power; may be given again').argParser(restart).default([]))
    .option('--safe-kw <kw>', 'power of a pile that hears nothing more', atLeastNothing, 0)
    .option('--seed <n>', 'for what is drawn at random', atLeastNothing, 1)
    .option('--svg <file>', 'a picture of the night')
    .option('--log <file>', 'the log, in place of printing it')
    .option('--json', 'one line of JSON')
    .action(async (options: Options) => {
      const night = readCase(await readJson(options.case))
      const solver = createLpSolver()
      try {
        const [optimum, run] = [await planCharging(night, solver.solve), await runSimulatedNight(night, solver.solve, faultsOf(night, options))]
        const at = (time: number): string => wallClock(time, START, startMinutes(night))
        const log = run.control.log.entries.map((entry) => `${at(entry.at)} ${entry.about.padEnd(14)} ${entry.event.padEnd(12)} ${entry.text}`)
        if (options.log !== undefined) await writeFile(options.log, `${log.join('\n')}\n`)
        if (options.svg !== undefined) await writeFile(options.svg, nightPicture(night, run.powers.map((one) => ({ ...one, at: (one.at - START) / (night.slot_minutes * 60_000) })), options.gatewayDown))
        const unservedByPile = run.sessions.map(({ pile, kwh }, index) => ({ pile, kwh: round(kwh - (run.piles.delivered[index] as number)) })).filter(({ kwh }) => kwh > 0)
        const result = {
          cost: round(run.cost), optimum: Number(optimum.cost), overPercent: round((run.cost / Number(optimum.cost) - 1) * 100), unserved: round(run.unserved), unservedByPile,
          instantsOverLimit: run.over.length, batches: run.control.batches.length, commands: run.control.counts, logEntries: log.length,
        }
        const words = [
          ...(options.log === undefined ? log : []),
          `${night.evs.length} vehicles: ${result.cost} CNY, ${result.overPercent} % over the plan without faults (${result.optimum} CNY); ${result.unserved} kWh not served; ${result.instantsOverLimit} instants over the limit.`,
          ...unservedByPile.map(({ pile, kwh }) => `  ${pile} lacks ${kwh} kWh`),
          `${result.batches} batches; commands: ${Object.entries(result.commands).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ')}.`,
        ]
        createOutput(options.json === true).result(result, words.join('\n'))
      } finally {
        await solver.stop()
      }
    })
}

/** @throws HesError BODY_INVALID for a pile the case has not, and for safe powers that nothing can hold below the limit */
function faultsOf(night: ChargingCase, { lost, doubled, gatewayDown, restart: restarts, safeKw, seed }: Options): SimulatedFaults {
  const words = seededWords(seed)
  const random = (): number => words() / 2 ** 32
  const timeOf = (slot: number): number => START + slot * night.slot_minutes * 60_000
  for (const { pile } of restarts) if (!night.evs.some((one) => one.pile === pile)) throw new HesError('BODY_INVALID', `The case has no pile ${pile}.`)
  const least = Math.min(...night.base_kw.map((base, slot) => limitAt(night, slot) - base))
  if (safeKw > 0 && safeKw * night.evs.length > least) throw new HesError('BODY_INVALID', `${night.evs.length} piles at ${safeKw} kW do not fit into ${round(least)} kW, the least that is free.`)
  return {
    safeKw,
    fate: () => ({ lost: random() < lost, ...(random() < doubled && { againMs: 60_000 }) }),
    gatewayDown: (at) => gatewayDown.some(({ from, to }) => at >= timeOf(from) && at < timeOf(to)),
    restarts: restarts.map(({ pile, slot }) => ({ pile, at: timeOf(slot), offMs: OFF_MS })),
  }
}

/** `start` is `hh:mm`; midnight when it is not said. */
function startMinutes({ start }: ChargingCase): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(start ?? '') ?? []
  return hours === undefined ? 0 : Number(hours) * 60 + Number(minutes)
}

function share(text: string): number {
  const value = Number(text)
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('a share from 0 to below 1')
  return value
}

function atLeastNothing(text: string): number {
  const value = Number(text)
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError('a number from 0 up')
  return value
}

function stretch(text: string, before: Stretch[]): Stretch[] {
  const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (from === undefined || Number(from) >= Number(to)) throw new InvalidArgumentError('two slots, 56.5-60')
  return [...before, { from: Number(from), to: Number(to) }]
}

function restart(text: string, before: Restart[]): Restart[] {
  const [, pile, slot] = /^(.+)@(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (pile === undefined) throw new InvalidArgumentError('pile and slot, P03@58')
  return [...before, { pile, slot: Number(slot) }]
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000
