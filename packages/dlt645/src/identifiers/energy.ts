import type { IdentifierRow, Mark } from './row.js'

const UNSIGNED = 'XXXXXX.XX'
const SIGNED = 'XXXXXX.XX signed'

function row(zz: string, name: string, nameZh: string, unit: string, form = UNSIGNED, mark: Mark = 'S'): IdentifierRow {
  return { di: `00 ${zz} rr ss`, name, nameZh, unit, form, access: 'read', mark, clause: '§4.1' }
}

/** Energies. What the rows of the phases besides forward active count is not in the reference: digits without a unit. */
export const energy: readonly IdentifierRow[] = [
  row('00', 'Combined active energy', '组合有功电能', 'kWh', SIGNED),
  row('01', 'Forward active energy', '正向有功电能', 'kWh'),
  row('02', 'Reverse active energy', '反向有功电能', 'kWh'),
  row('03', 'Combined reactive energy 1', '组合无功1电能', 'kvarh', SIGNED),
  row('04', 'Combined reactive energy 2', '组合无功2电能', 'kvarh', SIGNED),
  row('05', 'Reactive energy, quadrant 1', '第一象限无功电能', 'kvarh'),
  row('06', 'Reactive energy, quadrant 2', '第二象限无功电能', 'kvarh'),
  row('07', 'Reactive energy, quadrant 3', '第三象限无功电能', 'kvarh'),
  row('08', 'Reactive energy, quadrant 4', '第四象限无功电能', 'kvarh'),
  row('09', 'Forward apparent energy', '正向视在电能', 'kVAh'),
  row('0A', 'Reverse apparent energy', '反向视在电能', 'kVAh'),
  row('15', 'Forward active energy of phase A', 'A相正向有功电能', 'kWh'),
  row('29', 'Forward active energy of phase B', 'B相正向有功电能', 'kWh'),
  row('3D', 'Forward active energy of phase C', 'C相正向有功电能', 'kWh'),
  row('pa', 'Energy of phase A', 'A相电能', '', UNSIGNED, 'G'),
  row('pb', 'Energy of phase B', 'B相电能', '', UNSIGNED, 'G'),
  row('pc', 'Energy of phase C', 'C相电能', '', UNSIGNED, 'G'),
]
