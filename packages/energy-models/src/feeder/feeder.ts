import { HesError } from '@zhuzhan/core'
import { cleanFeeder } from './clean.js'
import { localise, unreadMeters } from './localise.js'
import type { Suspect } from './localise.js'
import { dailyLoss } from './loss.js'
import type { DayLoss, LossLimits } from './loss.js'
import type { PhaseVerdict } from './phases.js'
import type { Feeder, Phase } from './readings.js'

export interface FeederReport {
  phases: PhaseVerdict[]
  /** Where the phase written down is another than the one found. */
  labelConflicts: { meter: string; written: Phase; found: Phase }[]
  loss: DayLoss[]
  suspects: Suspect[]
  /** Why nobody is named though power is short, or why the place is not sure. */
  notes: string[]
  /** Share of the meter readings that were there, and what was refused. */
  completeness: number
  refused: Readonly<Record<string, number>>
}

/** Under this share of readings no meter is named. */
const LEAST_COMPLETENESS = 0.8

/** Phases, loss by day and unmetered energy of one feeder. @throws HesError DATA_REFUSED when there is next to nothing to judge */
export function analyseFeeder(raw: Feeder, labels: ReadonlyMap<string, Phase> = new Map(), limits?: LossLimits): FeederReport {
  const present = raw.energy.reduce((sum, one) => sum + one.filter(Number.isFinite).length, 0)
  const completeness = present / (raw.meters.length * raw.days.length * raw.slots)
  if (raw.supply.every((one) => one.every((kw) => !Number.isFinite(kw)))) throw new HesError('DATA_REFUSED', 'The transformer has no power readings.')
  const feeder = cleanFeeder(raw)
  const { phases } = feeder
  const loss = dailyLoss(raw, feeder, limits)
  const notes: string[] = []
  const undetermined = phases.filter(({ phase }) => phase === 'undetermined').length
  let suspects: Suspect[] = []
  if (completeness < LEAST_COMPLETENESS) notes.push(`${Math.round(completeness * 100)} % of the readings are there: nobody is named.`)
  else if (undetermined > raw.meters.length * 0.1) notes.push(`The phase of ${undetermined} meters is undetermined: nobody is named.`)
  else suspects = localise(feeder)
  const unread = unreadMeters(feeder).map((meter) => raw.meters[meter])
  if (unread.length > 0) notes.push(`Hardly anything was read of ${unread.slice(0, 20).join(', ')}: nobody of the same phase is named.`)
  if (suspects.length === 0 && loss.some(({ unexplained }) => unexplained)) notes.push('Energy is unexplained, but no meter explains it: look for ratios, clocks, meters of other areas and unmetered supplies first.')
  const labelConflicts = phases.flatMap(({ meter, phase }) => {
    const written = labels.get(meter)
    return written !== undefined && phase !== 'undetermined' && written !== phase ? [{ meter, written, found: phase }] : []
  })
  return { phases, labelConflicts, loss, suspects, notes, completeness: Math.round(completeness * 10_000) / 10_000, refused: feeder.refused }
}
