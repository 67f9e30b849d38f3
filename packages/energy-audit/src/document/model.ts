import type { Grade } from '../site/rows.js'

export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

/** One document for every form it is printed in. Texts are plain: whoever prints escapes them. */
export interface AuditDocument {
  language: Language
  title: string
  subtitle: string
  badges: readonly { text: string; grade: Grade }[]
  facts: readonly (readonly [label: string, value: string])[]
  sections: readonly Section[]
  footer: string
}

export interface Section {
  id: string
  title: string
  blocks: readonly Block[]
}

export type Block =
  | { kind: 'text'; text: string; muted?: boolean }
  | { kind: 'keys'; items: readonly { label: string; value: string; unit: string; note?: string }[] }
  | { kind: 'table'; id: string; title: string; columns: readonly Column[]; rows: readonly (readonly Cell[])[] }
  | { kind: 'chart'; chart: Chart }
  | { kind: 'list'; items: readonly string[] }

export interface Column {
  label: string
  /** Numbers stand to the right. */
  numeric?: boolean
  /** Share of the width, 1 when left out. */
  weight?: number
}

export interface Cell {
  text: string
  /** The exact decimal behind the text, for spreadsheets. */
  number?: string | undefined
  grade?: Grade
  /** Depth in a tree. */
  indent?: number
}

export interface Chart {
  kind: 'bars' | 'stack' | 'lines' | 'area'
  title: string
  unit: string
  /** Along the bottom; as many as values. */
  categories: readonly string[]
  series: readonly { name: string; color: string; values: readonly number[] }[]
  /** A level drawn across. */
  mark?: { value: number; label: string }
}
