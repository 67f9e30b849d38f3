import { exact, exactText, rounded } from '../exact.js'
import type { Language } from './model.js'
import { SENTENCES } from './sentences.js'
import { NOT_APPLIED } from './words.js'

/** A decimal text with thousands marked and so many decimals, half up. @param value null is a dash */
export function decimal(value: string | number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return '–'
  const text = exactText(rounded(exact(typeof value === 'number' ? value.toFixed(Math.max(decimals, 8)) : value), decimals))
  const [whole = '', part = ''] = text.replace(/^-/, '').split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return `${text.startsWith('-') ? '−' : ''}${grouped}${decimals > 0 ? `.${part.padEnd(decimals, '0')}` : ''}`
}

export function percent(share: number | null | undefined, decimals = 1): string {
  return share === null || share === undefined ? '–' : `${decimal(share * 100, decimals)} %`
}

/** Changes carry their sign. */
const SIGNED = new Set(['beforeShare', 'lastYearShare', 'changeShare'])
/** 99.96 % is not all of it. */
const FINE = new Set(['completeShare', 'coverageShare'])
/** Decimals by what a name ends with. */
const ENDINGS: readonly (readonly [ending: string, decimals: number])[] = [['Kwh', 2], ['Cny', 2], ['Kw', 2], ['Kvar', 1], ['Kvarh', 2], ['V', 1], ['Hours', 2], ['Tce', 3], ['percent', 2], ['Percent', 2], ['powerFactor', 2], ['PerKwh', 4]]

function formatted(name: string, value: string | number | null, language: Language): string {
  if (name === 'text' && typeof value === 'string') return language === 'zh' ? (NOT_APPLIED.find(([begin]) => value.startsWith(begin))?.[1] ?? value) : value
  if (name === 'at' && typeof value === 'string') return value.slice(0, 16).replace('T', ' ')
  if (/share/i.test(name)) return `${SIGNED.has(name) && Number(value) > 0 ? '+' : ''}${percent(value === null ? null : Number(value), FINE.has(name) ? 2 : 1)}`
  const decimals = [...ENDINGS].reverse().find(([ending]) => name.endsWith(ending))?.[1]
  if (decimals !== undefined) return decimal(value, decimals)
  return value === null ? '–' : typeof value === 'number' ? decimal(value, 0) : value
}

/** The sentence of a code with its numbers. */
export function sentence(code: string, numbers: Readonly<Record<string, string | number | null>>, language: Language): string {
  return (SENTENCES[code]?.[language] ?? code).replace(/\{(\w+)\}/g, (_, name: string) => formatted(name, numbers[name] ?? null, language))
}
