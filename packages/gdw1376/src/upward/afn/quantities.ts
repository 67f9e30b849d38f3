import type { Bcd, Codec } from '@zhuzhan/codec'
import { A11, A14 } from '../../formats/index.js'

/** A register that families of Fn repeat: per meter, per tariff, present and frozen. */
export interface RegisterKind {
  /** Member of the layouts; upward/labels.ts has its unit. */
  member: string
  en: string
  zh: string
  form: Codec<Bcd>
}

const kind = (member: string, en: string, zh: string, form: Codec<Bcd>): RegisterKind => ({ member, en, zh, form })

/** Active registers are A.14, reactive ones A.11; in the order of the families. Reference §A9, §A10. */
export const REGISTERS: readonly RegisterKind[] = [
  kind('forwardActiveEnergy', 'forward active energy', '正向有功电能示值', A14),
  kind('forwardReactiveEnergy', 'forward reactive energy', '正向无功电能示值', A11),
  kind('reverseActiveEnergy', 'reverse active energy', '反向有功电能示值', A14),
  kind('reverseReactiveEnergy', 'reverse reactive energy', '反向无功电能示值', A11),
  kind('reactiveEnergyQ1', 'reactive energy, quadrant 1', '一象限无功电能示值', A11),
  kind('reactiveEnergyQ2', 'reactive energy, quadrant 2', '二象限无功电能示值', A11),
  kind('reactiveEnergyQ3', 'reactive energy, quadrant 3', '三象限无功电能示值', A11),
  kind('reactiveEnergyQ4', 'reactive energy, quadrant 4', '四象限无功电能示值', A11),
]

/** Registers of one direction of energy flow with the quadrants that belong to it. Reference §A9 (F33, F34). */
export const FORWARD_REGISTERS = { forwardActiveEnergy: A14, forwardReactiveEnergy: A11, reactiveEnergyQ1: A11, reactiveEnergyQ4: A11 }
export const REVERSE_REGISTERS = { reverseActiveEnergy: A14, reverseReactiveEnergy: A11, reactiveEnergyQ2: A11, reactiveEnergyQ3: A11 }

/** Names of the four flows, in the order of demand and energy-amount families. */
export const FLOWS: readonly (readonly [key: string, en: string, zh: string])[] = [
  ['forwardActive', 'forward active', '正向有功'],
  ['forwardReactive', 'forward reactive', '正向无功'],
  ['reverseActive', 'reverse active', '反向有功'],
  ['reverseReactive', 'reverse reactive', '反向无功'],
]
