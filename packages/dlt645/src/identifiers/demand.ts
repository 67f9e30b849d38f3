import { energy } from './energy.js'
import type { IdentifierRow } from './row.js'

/** The demand that goes with an energy: same positions, its name and unit in terms of power. Reference §4.2. */
function demandOf(row: IdentifierRow): IdentifierRow {
  return {
    ...row, di: `01${row.di.slice(2)}`, form: 'XX.XXXX YYMMDDhhmm', unit: row.unit.replace(/h$/, ''), clause: '§4.2',
    name: row.name.replace(/energy/, 'maximum demand').replace(/^Energy/, 'Maximum demand'), nameZh: row.nameZh.replace('电能', '最大需量'),
  }
}

export const demand: readonly IdentifierRow[] = energy.map(demandOf)
