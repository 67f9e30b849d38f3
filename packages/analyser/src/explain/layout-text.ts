import type { Words } from '@zhuzhan/codec'
import { CLASSES } from '@zhuzhan/dlt698'
import type { Layout } from '@zhuzhan/dlt698'
import { plain } from './explanation.js'

type Leaf = Exclude<Layout, { type: 'array' | 'structure' | 'any' }>

const ELEMENTS: Readonly<Record<string, Words>> = {
  phases: { en: 'phases A, B, C', zh: 'A、B、C相' },
  'total-phases': { en: 'total, phases A, B, C', zh: '总、A、B、C相' },
  tariffs: { en: 'total, tariff 1 to n', zh: '总、费率1~n' },
}

/** A layout of DL/T 698.45 in one line: `array of long-unsigned × 10^-1 V [phases A, B, C]`. */
export function layoutText(layout: Layout): Words {
  if (layout.type === 'any') return { en: 'any data', zh: '任意数据' }
  if (layout.type === 'array') {
    const inner = layoutText(layout.of)
    const names = layout.elements === undefined ? undefined : ELEMENTS[layout.elements]!
    return { en: `array of ${inner.en}${names ? ` [${names.en}]` : ''}`, zh: `数组 ${inner.zh}${names ? ` [${names.zh}]` : ''}` }
  }
  if (layout.type === 'structure') {
    const members = layout.members.map(({ name, nameZh, layout: inner }) => ({ en: `${name} ${layoutText(inner).en}`, zh: `${nameZh} ${layoutText(inner).zh}` }))
    return { en: `structure {${members.map(({ en }) => en).join(', ')}}`, zh: `结构 {${members.map(({ zh }) => zh).join(', ')}}` }
  }
  return leafText(layout)
}

function leafText({ type, scaler = 0, unit = '', words }: Leaf): Words {
  const number = `${type}${scaler === 0 ? '' : ` × 10^${scaler}`}${unit === '' ? '' : ` ${unit}`}`
  if (words === undefined) return plain(number)
  const rows = Object.entries(words)
  return { en: `${number} (${rows.map(([n, one]) => `${n} ${one.en}`).join(', ')})`, zh: `${number} (${rows.map(([n, one]) => `${n} ${one.zh}`).join(', ')})` }
}

/** Name of an interface class, `energy (class 1)`. */
export function classText(number: number): Words {
  const row = CLASSES[number]
  return { en: `${row?.name ?? 'interface class'} (class ${number})`, zh: `${row?.nameZh ?? '接口类'} (类${number})` }
}
