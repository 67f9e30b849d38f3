import { equalBytes } from '@zhuzhan/gm-crypto'
import { judgeModule } from '@zhuzhan/osp1'
import type { ManifestContext, ModuleEntry } from '@zhuzhan/osp1'
import type { ModuleState } from '@zhuzhan/contracts'
import type { ModuleRow } from '../store/module-store.js'

/** One line of a judged manifest: an entry of it, or a module that is not in it. */
export interface Finding {
  slot: number
  serial: Buffer
  model: Buffer
  /** Absent for a missing module. */
  entry: ModuleEntry | undefined
  state: Exclude<ModuleState, 'unchecked'>
}

/**
 * A manifest against what is bound. Every MAC is checked, also behind the first fault: one look tells everything that is wrong. §7.7
 * @param keyOf KM of a bound module with a chip
 */
export function judgeManifest(bound: readonly ModuleRow[], entries: readonly ModuleEntry[], context: ManifestContext, keyOf: (row: ModuleRow) => Uint8Array): Finding[] {
  const stateOf = (entry: ModuleEntry): Finding['state'] => {
    const row = bound.find(({ slot }) => slot === entry.slot)
    const proof = row?.chip === true ? judgeModule(keyOf(row), context, entry) : judgeModule(undefined, context, entry)
    if (entries.some((other) => other !== entry && other.serial.equals(entry.serial))) return 'repeated'
    if (!row) return 'unknown'
    if (!equalBytes(row.serial, entry.serial) || !equalBytes(row.model, entry.model)) return 'swapped'
    // A chip where none is bound is another module, and none where one is bound proves nothing.
    return proof === (row.chip ? 'proved' : 'declared') ? proof : 'wrong'
  }
  const present = entries.map((entry): Finding => ({ slot: entry.slot, serial: entry.serial, model: entry.model, entry, state: stateOf(entry) }))
  const missing = bound
    .filter((row) => !entries.some(({ serial }) => serial.equals(row.serial)))
    .map(({ slot, serial, model }): Finding => ({ slot, serial, model, entry: undefined, state: 'missing' }))
  return [...present, ...missing].sort((a, b) => a.slot - b.slot)
}

export const isRight = (state: string): boolean => state === 'proved' || state === 'declared'
