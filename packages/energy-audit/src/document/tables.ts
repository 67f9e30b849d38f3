import { exact, exactText, sum } from '../exact.js'
import type { RowKey } from '../site/rows.js'
import type { SiteAudit } from '../site/site-audit.js'
import { decimal, percent, sentence } from './format.js'
import type { Block, Cell, Language } from './model.js'
import { createWords, rowWord } from './words.js'

type Table = Block & { kind: 'table' }
const number = (value: string | null, decimals: number): Cell => ({ text: decimal(value, decimals), number: value ?? undefined })

export function periodsTable({ periods, energy }: SiteAudit, language: Language): Table {
  const word = createWords(language)
  const amounts = periods.map(({ cny }) => cny)
  const total = amounts.every((one) => one !== null) && amounts.length > 0 ? exactText(sum(amounts.map((one) => exact(one ?? '0')))) : null
  return {
    kind: 'table', id: 'periods', title: `${word('periodsTable')} (${word(`basis.${energy.periodBasis}`)})`,
    columns: [{ label: word('rate') }, { label: word('kwh'), numeric: true }, { label: word('share'), numeric: true }, { label: word('price'), numeric: true }, { label: word('amountCny'), numeric: true }],
    rows: [
      ...periods.filter(({ kwh }) => kwh !== '0').map(({ period, kwh, share, priceCnyPerKwh, cny }) => [{ text: word(period) }, number(kwh, 2), { text: percent(share) }, number(priceCnyPerKwh, 4), number(cny, 2)]),
      [{ text: word('total') }, number(exactText(sum(periods.map(({ kwh }) => exact(kwh)))), 2), { text: '' }, { text: '' }, number(total, 2)],
    ],
  }
}

export function billTable({ bill }: SiteAudit, language: Language): Table[] {
  const word = createWords(language)
  if (!bill) return []
  return [{
    kind: 'table', id: 'bill', title: word('bill'), columns: [{ label: word('item'), weight: 3 }, { label: word('amountCny'), numeric: true, weight: 1 }],
    rows: [
      [{ text: word('energyCharge') }, number(bill.energyCny, 2)], [{ text: word('basicCharge') }, number(bill.basicCny, 2)],
      [{ text: word('adjustment') }, number(bill.adjustmentCny, 2)], [{ text: word('total') }, number(bill.totalCny, 2)],
    ],
  }]
}

export function twoPartTable({ twoPart }: SiteAudit, language: Language): Table[] {
  const word = createWords(language)
  if (!twoPart) return []
  const cheaper = twoPart.cheaper === 'equal' ? word('equal') : word(twoPart.cheaper === 'capacity' ? 'capacityFee' : 'demandFee')
  return [{
    kind: 'table', id: 'two-part', title: word('twoPart'),
    columns: [{ label: `${word('capacityFee')} (${word('cny')})`, numeric: true }, { label: `${word('demandFee')} (${word('cny')})`, numeric: true }, { label: word('cheaper') }, { label: `${word('difference')} (${word('cny')})`, numeric: true }],
    rows: [[number(twoPart.capacityFeeCny, 2), number(twoPart.demandFeeCny, 2), { text: cheaper }, number(twoPart.differenceCny, 2)]],
  }]
}

/** Sub-meters stand under the meter in front of them. */
export function metersTable({ meters }: SiteAudit, language: Language): Table {
  const word = createWords(language)
  const addresses = new Set(meters.map(({ address }) => address))
  type Meter = SiteAudit['meters'][number]
  const ordered: { meter: Meter; depth: number }[] = []
  const put = (meter: Meter, depth: number): void => {
    if (ordered.some((one) => one.meter === meter)) return
    ordered.push({ meter, depth })
    for (const child of meters) if (child.parent === meter.address) put(child, depth + 1)
  }
  for (const meter of meters) if (meter.parent === null || !addresses.has(meter.parent)) put(meter, 0)
  for (const meter of meters) put(meter, 0)
  return {
    kind: 'table', id: 'meters', title: word('metersTable'),
    columns: [{ label: word('meter'), weight: 3 }, { label: word('role'), weight: 1.2 }, { label: word('kwh'), numeric: true, weight: 1.6 }, { label: word('share'), numeric: true }, { label: word('basis'), weight: 1.6 }, { label: word('completeness'), numeric: true, weight: 1.4 }],
    rows: ordered.map(({ meter, depth }) => [
      { text: meter.name ? `${meter.name} (${meter.address})` : meter.address, indent: depth }, { text: word(`role.${meter.role}`) }, number(meter.kwh, 2),
      { text: percent(meter.share) }, { text: word(`basis.${meter.basis}`) }, { text: percent(meter.completeShare, 2) },
    ]),
  }
}

/** Finding, what is behind it, the measure against it, what that saves: the chain a customer follows. */
export function chainTable({ findings, measures, rows }: SiteAudit, language: Language): Table {
  const word = createWords(language)
  const told = (row: RowKey, code: string, numbers: Record<string, string | number | null>): string => `${word(rowWord(row))}${language === 'zh' ? '：' : ': '}${sentence(code, numbers, language)}`
  const withPer = (text: string, per?: string): string => (text === '' ? '–' : per === undefined ? text : language === 'zh' ? `${per} ${text}` : `${text} ${per}`)
  const amounts = (kwh: string | null, cny: string | null, per?: string): string =>
    withPer([kwh === null ? '' : `${decimal(kwh, 0)} kWh`, cny === null ? '' : `${decimal(cny, 2)} ${word('cny')}`].filter((one) => one !== '').join(language === 'zh' ? '，' : ', '), per)
  type Measure = SiteAudit['measures'][number]
  const measureCells = ({ code, numbers, kwh, cny, per, costClass, confidence }: Measure): Cell[] => [
    { text: sentence(code, numbers, language) }, { text: amounts(kwh, cny, word(per === 'month' ? 'perMonth' : 'perYear')) }, { text: word(`cost.${costClass}`) }, { text: word(`confidence.${confidence}`) },
  ]
  const none: Cell[] = [{ text: word('noMeasure') }, { text: '–' }, { text: '–' }, { text: '–' }]
  const found = findings.flatMap(({ code, row, numbers, kwh, cny, severity }) => {
    const answers = measures.filter(({ finding }) => finding === code)
    const cells: Cell[] = [{ text: told(row, code, numbers), grade: severity === 'warning' ? 'poor' : 'none' }, { text: amounts(kwh, cny) }]
    return answers.length === 0 ? [[...cells, ...none]] : answers.map((one) => [...cells, ...measureCells(one)])
  })
  const others = measures.filter(({ finding }) => !findings.some(({ code }) => code === finding)).map((one): Cell[] => {
    const from = rows.find(({ code }) => code === one.finding)
    return [{ text: from ? told(from.key, from.code, from.numbers) : '–', grade: 'none' }, { text: '–' }, ...measureCells(one)]
  })
  return {
    kind: 'table', id: 'chain', title: '',
    columns: [{ label: word('finding'), weight: 3 }, { label: word('behind'), weight: 1.7 }, { label: word('measure'), weight: 3 }, { label: word('saving'), weight: 1.9 }, { label: word('costClass'), weight: 1.2 }, { label: word('confidence'), weight: 1.5 }],
    // What something can be done about comes first.
    rows: [...found.filter((cells) => cells[2]?.text !== none[0]?.text), ...others, ...found.filter((cells) => cells[2]?.text === none[0]?.text)],
  }
}

export function verifiedTable({ verified }: SiteAudit, language: Language): Table {
  const word = createWords(language)
  return {
    kind: 'table', id: 'verified', title: '',
    columns: [{ label: word('measure'), weight: 2.5 }, { label: word('cv'), numeric: true, weight: 1.3 }, { label: word('accepted') }, { label: word('adjusted'), numeric: true, weight: 1.5 }, { label: word('measured'), numeric: true, weight: 1.5 }, { label: word('savedKwh'), numeric: true, weight: 1.5 }, { label: word('savedCny'), numeric: true, weight: 1.5 }],
    rows: verified.map((one) => [
      { text: one.measure }, { text: percent(one.cvRmseShare) }, { text: word(`accepted.${one.accepted}`), grade: one.accepted ? 'good' : 'poor' },
      number(one.adjustedKwh, 2), number(one.measuredKwh, 2), number(one.savingKwh, 2), number(one.savingCny, 2),
    ]),
  }
}
