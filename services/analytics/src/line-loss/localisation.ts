import { errorText } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { createModelThread } from '../model-thread.js'
import type { AreaFeeder } from './area-feeder.js'

/** Where inside an area the energy goes, by voltages and currents of its last days. Evidence, never a verdict. */
export interface Localisation {
  /** Null: it was analysed. */
  whyNot: string | null
  /** `percent` null: `reason`. `uncertainty`: points it may be off by. */
  days: { day: LocalDay; percent: number | null; technical: number | null; uncertainty: number; unexplained: boolean; reason: string | null }[]
  /** Of the transformer, by line of each meter. */
  phases: { meter: string; line: number; phase: string }[]
  /** kWh over these days that did not pass the meter, estimated. */
  suspects: { meter: string; kwh: number; kinds: string[] }[]
  /** Share of the meters' quarter hours that were measured. */
  completeness: number | null
  notes: string[]
}

const SHARED = 'The supply of each phase, and of each line of a three-phase meter, is the measured total shared by voltage times current.'

/** Ours: made-up means differ by 0.006, values of a moment by 0.05, and then honest meters are named (docs/analytics.md). */
const MOST_BLUR = 0.02

export function notLocalised(whyNot: string): Localisation {
  return { whyNot, days: [], phases: [], suspects: [], completeness: null, notes: [] }
}

/** `analyseFeeder` in a thread of its own. What it refuses, or does not end in time, is the reason why there is nothing; only `signal` makes it throw. */
export async function localiseInThread({ feeder, days, lines, blur }: Extract<AreaFeeder, { whyNot: null }>, limitMs: number, signal: AbortSignal): Promise<Localisation> {
  const thread = createModelThread()
  const answer = await thread.run('analyseFeeder', [feeder], limitMs, signal)
    .catch((error: unknown) => { signal.throwIfAborted(); return errorText(error) })
    .finally(() => thread.stop())
  if (typeof answer === 'string') return notLocalised(answer)
  const { loss, phases, completeness, notes } = answer
  // NaN names nobody.
  const suspects = blur <= MOST_BLUR ? answer.suspects : []
  if (blur > MOST_BLUR) notes.push(`Energies and voltage times current differ by ${(blur * 100).toFixed(1)} %, as values of a moment do: nobody is named.`)
  else if (Number.isNaN(blur)) notes.push('No meter has energies and currents at once: nobody is named.')
  const lineOf = new Map(feeder.meters.map((name, index) => [name, lines[index] as (typeof lines)[number]]))
  const named = new Map<string, Localisation['suspects'][number]>()
  for (const { meter: name, score, evidence } of suspects) {
    const meter = lineOf.get(name)?.meter ?? name
    const before = named.get(meter)
    named.set(meter, { meter, kwh: Math.round(((before?.kwh ?? 0) + score) * 1_000) / 1_000, kinds: [...new Set([...before?.kinds ?? [], ...evidence])].sort() })
  }
  return {
    whyNot: null, completeness, notes: [...notes, SHARED],
    days: loss.map(({ day, percent, technical, uncertainty, unexplained, reason }) => ({ day: days[day] as LocalDay, percent, technical, uncertainty, unexplained, reason: reason ?? null })),
    phases: phases.map(({ phase }, index) => ({ ...lines[index] as (typeof lines)[number], phase })),
    suspects: [...named.values()].sort((a, b) => b.kwh - a.kwh),
  }
}
