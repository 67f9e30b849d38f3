import type { IdentifierRow, Mark } from './row.js'

type Kind = readonly [xx: string, name: string, nameZh: string, unit: string, form?: string]

const ENERGY = 'XXXXXX.XX[]'
const SIGNED = 'XXXXXX.XX signed[]'
const DEMAND = 'XX.XXXX YYMMDDhhmm[]'

/** What a freeze holds. Reactive powers of the quadrants and demands carry total and tariffs as the active energies do. Reference §4.6. */
const KINDS: readonly Kind[] = [
  ['00', 'Freeze time', '冻结时间', '', 'YYMMDDhhmm'],
  ['01', 'Frozen forward active energy', '冻结正向有功电能', 'kWh', ENERGY],
  ['02', 'Frozen reverse active energy', '冻结反向有功电能', 'kWh', ENERGY],
  ['03', 'Frozen combined reactive energy 1', '冻结组合无功1电能', 'kvarh', SIGNED],
  ['04', 'Frozen combined reactive energy 2', '冻结组合无功2电能', 'kvarh', SIGNED],
  ['05', 'Frozen reactive energy, quadrant 1', '冻结第一象限无功电能', 'kvarh', ENERGY],
  ['06', 'Frozen reactive energy, quadrant 2', '冻结第二象限无功电能', 'kvarh', ENERGY],
  ['07', 'Frozen reactive energy, quadrant 3', '冻结第三象限无功电能', 'kvarh', ENERGY],
  ['08', 'Frozen reactive energy, quadrant 4', '冻结第四象限无功电能', 'kvarh', ENERGY],
  ['09', 'Frozen forward active maximum demand', '冻结正向有功最大需量', 'kW', DEMAND],
  ['0A', 'Frozen reverse active maximum demand', '冻结反向有功最大需量', 'kW', DEMAND],
  ['10', 'Frozen variables', '冻结变量数据', ''],
  ['FF', 'Freeze, all of it', '冻结数据块', ''],
]

function row(tt: string, [xx, name, nameZh, unit, form]: Kind, mark: Mark): IdentifierRow {
  return {
    di: `05 ${tt} ${xx} nn`, name, nameZh, unit, access: 'read', mark, clause: '§4.6',
    ...(form !== undefined && { form }), ...(form?.endsWith('[]') && { elements: 'rr' }),
  }
}

/** The hourly freeze as the setting `hourlyFreeze` reads it: rows like the others, or an extension of which only the name is known. */
function hourly(kind: Kind): readonly IdentifierRow[] {
  const { form: _form, elements: _elements, ...bare } = row('th', kind, 'UNSURE')
  return [{ ...row('th', kind, 'UNSURE'), when: [['hourlyFreeze', 'rows']] }, { ...bare, when: [['hourlyFreeze', 'extension']] }]
}

/** The first row that fits an identifier counts: hourly and daily before the others. */
export const freezes: readonly IdentifierRow[] = [
  ...KINDS.flatMap(hourly), ...KINDS.map((kind) => row('td', kind, 'S')), ...KINDS.map((kind) => row('tt', kind, 'G')),
]
