import { HesError } from '@zhuzhan/core'

/** A column of the CSV files: its name in REST and what people head it with. */
interface Column {
  field: string
  names: readonly string[]
}

const SHARED: readonly Column[] = [
  { field: 'name', names: ['name', '名称', '用户名称'] },
  { field: 'securityProfile', names: ['securityProfile', 'security profile', '安全方式', '安全等级'] },
  { field: 'mode', names: ['mode', '安全模式', '模式'] },
  { field: 'area', names: ['area', '台区', '台区名称'] },
]

export const TERMINAL_COLUMNS: readonly Column[] = [
  { field: 'address', names: ['address', 'terminal', '终端地址', '地址'] },
  ...SHARED,
  { field: 'utcOffset', names: ['utcOffset', 'utc offset', '时区'] },
]

export const METER_COLUMNS: readonly Column[] = [
  { field: 'address', names: ['address', 'meter', '电能表地址', '电表地址', '表地址', '表号', '地址'] },
  { field: 'terminal', names: ['terminal', '终端地址', '终端'] },
  ...SHARED,
  { field: 'ctRatio', names: ['ctRatio', 'ct ratio', 'ct', 'CT变比', '电流变比', '电流互感器变比'] },
  { field: 'ptRatio', names: ['ptRatio', 'pt ratio', 'pt', 'PT变比', '电压变比', '电压互感器变比'] },
  { field: 'tariff', names: ['tariff', '电价', '电价方案', '费率'] },
]

/** Field of each column by position; `undefined` for a column to leave out. */
export type Header = readonly (string | undefined)[]

/** Columns an export has and an import of it may carry along unread. */
const READ_ONLY = new Set(['createdAt', 'online', 'kind', 'meters'].map(folded))

/**
 * Understands a header row, English or Chinese, in any order.
 * @throws HesError BODY_INVALID for unknown, doubled or missing columns
 */
export function readHeader(cells: readonly string[], columns: readonly Column[], required: readonly string[]): Header {
  const byName = new Map(columns.flatMap((column) => column.names.map((name) => [folded(name), column.field])))
  const header = cells.map((cell) => {
    if (READ_ONLY.has(folded(cell))) return undefined
    const field = byName.get(folded(cell))
    if (field === undefined) throw new HesError('BODY_INVALID', `column '${cell.slice(0, 60)}' is not known; known are ${columns.map((column) => column.field).join(', ')}`, { path: 'header' })
    return field
  })
  const fields = header.filter((field) => field !== undefined)
  const doubled = fields.find((field, index) => fields.indexOf(field) !== index)
  if (doubled !== undefined) throw new HesError('BODY_INVALID', `column ${doubled} stands there twice`, { path: 'header' })
  const missing = required.find((field) => !fields.includes(field))
  if (missing !== undefined) throw new HesError('BODY_INVALID', `column ${missing} is missing`, { path: 'header' })
  return header
}

function folded(name: string): string {
  return name.trim().toLowerCase().replace(/[\s_-]+/g, '')
}
