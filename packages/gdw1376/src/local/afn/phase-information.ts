import { EncodeError, bits, u16le } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { settingOf } from '../../settings.js'
import { PHASE_ORDERS } from '../catalogue/codes.js'
import { numberOf, wordOf } from '../../wire/codes.js'
import { hideReserved } from '../../wire/members.js'

const Raw = hideReserved(bits(u16le, {
  phase1: [0, 1], phase2: [1, 1], phase3: [2, 1], d3: [3, 1], d4: [4, 1], order: [5, 3], reserved: [8, 8],
}), 'reserved')

/** Physical phases of a node, 10 F31. */
export interface PhaseInformation {
  /** 1 to 3; none when they are not known or being found. */
  phases: number[]
  /** Bits as sent: which of them is the meter type and which the line fault is a setting (`phaseInformation`). */
  d3: number
  d4: number
  /** Word of PHASE_ORDERS, its number where the table has none. */
  order: string | number
  /** Derived by the setting; ignored by encode. */
  meterType?: 'single-phase' | 'three-phase'
  /** Derived. Single-phase: live and neutral reversed; three-phase: wrong order, loss of a phase, or live and neutral. */
  lineFault?: boolean
  /** D8-D15, when a module sets them. */
  reserved?: number
}

/** Two bytes. Reference §B4. */
export const PhaseInformation: Codec<PhaseInformation> = {
  read: (r) => {
    const { phase1, phase2, phase3, d3, d4, order, ...reserved } = Raw.read(r)
    const [type, fault] = settingOf(r.settings, 'phaseInformation') === 'type-in-d4' ? [d4, d3] : [d3, d4]
    return {
      phases: [phase1, phase2, phase3].flatMap((set, i) => set === 1 ? [i + 1] : []), d3, d4, order: wordOf(PHASE_ORDERS, order),
      meterType: type === 1 ? 'three-phase' : 'single-phase', lineFault: fault === 1, ...reserved,
    }
  },
  write: (w, { phases, d3, d4, order, reserved = 0 }) => {
    if (!phases.every((phase) => [1, 2, 3].includes(phase))) throw new EncodeError('phases', 'phases 1 to 3')
    const [phase1, phase2, phase3] = [1, 2, 3].map((phase) => Number(phases.includes(phase)))
    Raw.write(w, { phase1: phase1!, phase2: phase2!, phase3: phase3!, d3, d4, order: numberOf(PHASE_ORDERS, order), reserved })
  },
}
