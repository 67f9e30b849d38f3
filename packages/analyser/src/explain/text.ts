import type { Words } from '@zhuzhan/codec'
import { entryOf } from '../frames/registry.js'
import { say } from '../tree/words.js'
import type { Language } from '../tree/words.js'
import type { Explanation } from './explanation.js'
import type { Found } from './explain.js'

const LABELS = {
  form: { en: 'form', zh: '格式' }, unit: { en: 'unit', zh: '单位' }, access: { en: 'access', zh: '访问' },
  clause: { en: 'clause', zh: '条文' }, confidence: { en: 'known from', zh: '依据' },
} as const

/** An explanation for people, lines ending in `\n`. */
export function explanationText(one: Explanation, language: Language): string {
  const { protocol, kind, term, name, nameZh, form, unit, access, clause, confidence, notes = [] } = one
  const line = (label: Words, text: string | undefined) => text === undefined ? [] : [`  ${say(label, language)}: ${text}`]
  return [
    `${term}  ${say({ en: name, zh: nameZh }, language)}  (${entryOf(protocol).title} ${kind})`,
    ...line(LABELS.form, form && say(form, language)), ...line(LABELS.unit, unit), ...line(LABELS.access, access),
    ...line(LABELS.clause, clause), ...line(LABELS.confidence, confidence && say(confidence, language)),
    ...notes.map((note) => `  ${say(note, language)}`),
  ].map((text) => `${text}\n`).join('')
}

/** A list of terms for people, lines ending in `\n`. */
export function foundText(list: readonly Found[], language: Language): string {
  const width = Math.max(0, ...list.map(({ term }) => term.length))
  return list.map(({ term, kind, protocol, name, nameZh }) => `${term.padEnd(width)}  ${say({ en: name, zh: nameZh }, language)}  (${entryOf(protocol).title} ${kind})\n`).join('')
}
