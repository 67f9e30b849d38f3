import type { SettingReading } from '../settings.js'

/** How well an item is known: read in public sources, general knowledge without a source, or one of several readings. */
export type Mark = 'S' | 'G' | 'UNSURE'

/** One item, or a family of items that differ in positions of their identifier. */
export interface IdentifierRow {
  /** DI3 to DI0 in pairs, digits or a position of positions.ts, e.g. `00 01 rr ss`. */
  di: string
  name: string
  nameZh: string
  unit: string
  /** Name of its form; absent when the layout is not known. */
  form?: string
  /** For forms of several elements: the position that names them. */
  elements?: string
  /** By the nature of the item: what measures is read, what sets is written too. The reference has no access column. */
  access: 'read' | 'read-write' | 'write'
  mark: Mark
  /** Section of the reference, dlt645-2007.md. */
  clause: string
  /** The row holds in these readings only. */
  when?: readonly SettingReading[]
}
