import type { SiteAudit } from '../site/site-audit.js'
import type { RowKey } from '../site/rows.js'
import { dailyChart, durationChart, monthsChart, profileChart, subMeterChart } from './charts.js'
import { decimal, percent, sentence } from './format.js'
import type { AuditDocument, Block, Cell, Language, Section } from './model.js'
import { chainTable, metersTable, periodsTable, billTable, twoPartTable, verifiedTable } from './tables.js'
import { createWords, rowWord } from './words.js'

/** What an audit says, as a document in one language; every printed form is made from it. */
export function auditDocument(audit: SiteAudit, language: Language): AuditDocument {
  const word = createWords(language)
  const rowsOf = (...keys: RowKey[]): Block => ({
    kind: 'table', id: keys.join('-'), title: '',
    columns: [{ label: word('item'), weight: 1.3 }, { label: word('result'), weight: 5 }, { label: word('judgement'), weight: 1 }],
    rows: audit.rows.filter(({ key }) => keys.includes(key)).map(({ key, grade, code, numbers }): Cell[] => [{ text: word(rowWord(key)) }, { text: sentence(code, numbers, language) }, { text: word(grade), grade }]),
  })
  const { status, period, contract } = audit
  const sections: Section[] = [
    { id: 'summary', title: word('summary'), blocks: [keys(audit, language), { kind: 'text', text: summaryText(audit, language) }, { kind: 'chart', chart: dailyChart(audit, language) }] },
    { id: 'frame', title: word('frame'), blocks: [{ kind: 'list', items: frameWords(audit, language) }] },
    { id: 'metering', title: word('metering'), blocks: [rowsOf('completeness'), metersTable(audit, language), ...(audit.management ? [{ kind: 'text' as const, text: audit.management }] : [])] },
    { id: 'energy', title: word('energyCost'), blocks: [rowsOf('energy'), periodsTable(audit, language), ...billTable(audit, language), ...monthsChart(audit, language)] },
    { id: 'load', title: word('loadTitle'), blocks: [rowsOf('demand', 'capacity', 'loadFactor', 'peakValley', 'baseLoad', 'dayTypes'), ...twoPartTable(audit, language), ...profileChart(audit, language), ...durationChart(audit, language)] },
    { id: 'supply', title: word('supplyTitle'), blocks: [rowsOf('powerFactor', 'unbalance', 'voltage', 'transformer', 'lineLoss'), ...subMeterChart(audit, language)] },
    { id: 'intensity', title: word('intensityTitle'), blocks: [rowsOf('intensity')] },
    { id: 'chain', title: word('chain'), blocks: [chainTable(audit, language), rowsOf('measures')] },
    ...(audit.verified.length > 0 ? [{ id: 'verified', title: word('verifiedTitle'), blocks: [verifiedTable(audit, language)] }] : []),
    { id: 'notes', title: word('notes'), blocks: [{ kind: 'list', items: audit.notes.map(({ code, numbers }) => sentence(code, numbers, language)) }] },
  ]
  const facts: (readonly [string, string])[] = [
    [word('site'), audit.site.name ?? audit.site.id], [word('identity'), audit.site.id],
    [word('period'), `${period.from.slice(0, 10)} – ${lastDay(period.to)} (${period.utcOffset})`],
    [word('use'), word(`use.${contract.use}`)],
    ...(contract.capacityKva === null ? [] : [[word('capacity'), `${decimal(contract.capacityKva, 0)} kVA`] as const]),
    ...(contract.declaredDemandKw === null ? [] : [[word('declared'), `${decimal(contract.declaredDemandKw, 0)} kW`] as const]),
    ...(contract.transformerKva === null ? [] : [[word('transformer'), `${decimal(contract.transformerKva, 0)} kVA`] as const]),
    [word('charging'), word(`charging.${contract.charging}`)],
    ...(contract.powerFactorStandard === null ? [] : [[word('standard'), contract.powerFactorStandard] as const]),
    ...(audit.tariff ? [[word('tariffName'), audit.tariff.id] as const] : []),
  ]
  return {
    language, title: word('title'), subtitle: `${word(audit.level)} · ${audit.site.name ?? audit.site.id} · ${period.month}`, facts, sections: numbered(sections),
    badges: [
      status.provisional ? { text: word('provisional'), grade: 'fair' } : { text: word('final'), grade: 'good' },
      ...(status.withheld ? [{ text: word('withheld'), grade: 'poor' as const }] : []),
      ...(period.monthOver ? [] : [{ text: word('monthRuns'), grade: 'fair' as const }]),
    ],
    footer: `${audit.formulas}${audit.data.latestReceivedAt ? ` · ${word('readings')} ${audit.data.latestReceivedAt.slice(0, 16).replace('T', ' ')}` : ''}`,
  }
}

const numbered = (sections: readonly Section[]): Section[] => sections.map((one, at) => ({ ...one, title: `${at + 1}  ${one.title}` }))
const lastDay = (end: string): string => new Date(Date.parse(`${end.slice(0, 10)}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)

function keys(audit: SiteAudit, language: Language): Block {
  const word = createWords(language)
  const numbers = (key: RowKey): Record<string, string | number | null> => audit.rows.find((row) => row.key === key)?.numbers ?? {}
  const month = numbers('measures').monthCny
  const items = [
    { label: word('energy'), value: decimal(audit.energy.kwh, 0), unit: 'kWh', note: word(`basis.${audit.energy.basis}`) },
    { label: word('cost'), value: audit.bill ? decimal(audit.bill.totalCny, 0) : '–', unit: word('cny'), note: audit.bill?.meanPriceCnyPerKwh ? `${word('meanPrice')} ${decimal(audit.bill.meanPriceCnyPerKwh, 4)}` : '' },
    { label: word('demand'), value: decimal(numbers('demand').maximumKw ?? null, 1), unit: 'kW', note: String(numbers('demand').at ?? '').slice(5, 16).replace('T', ' ') },
    { label: word('powerFactor'), value: decimal(numbers('powerFactor').powerFactor ?? null, 2), unit: '', note: numbers('powerFactor').percent == null ? '' : `${Number(numbers('powerFactor').percent) > 0 ? '+' : ''}${decimal(numbers('powerFactor').percent ?? null, 2)} %` },
    { label: word('completeness'), value: percent(audit.status.completeShare, 2), unit: '', note: '' },
    { label: word('savingPotential'), value: month == null ? '–' : decimal(month, 0), unit: word('cny'), note: word('perMonth') },
  ]
  return { kind: 'keys', items }
}

function summaryText(audit: SiteAudit, language: Language): string {
  const count = (grade: string): number => audit.rows.filter((row) => row.grade === grade).length
  const best = [...audit.measures].filter(({ cny }) => cny !== null).sort((a, b) => Number(b.cny) / (b.per === 'year' ? 12 : 1) - Number(a.cny) / (a.per === 'year' ? 12 : 1))[0]
  const word = createWords(language)
  const gain = best ? `${decimal(best.cny, 2)} ${word('cny')}` : ''
  const per = best?.per === 'year' ? word('perYear') : word('perMonth')
  const parts = language === 'zh'
    ? [`共评价 ${audit.rows.length - 1} 项：良好 ${count('good')} 项，待改进 ${count('fair')} 项，不合格 ${count('poor')} 项，缺少资料 ${count('unknown')} 项。`, best ? `最大的节约机会（${per} ${gain}）：${sentence(best.code, best.numbers, language)}` : '']
    : [`${audit.rows.length - 1} items were looked at: ${count('good')} good, ${count('fair')} to be improved, ${count('poor')} poor, ${count('unknown')} without the data to judge.`, best ? ` The largest opportunity (${gain} ${per}): ${sentence(best.code, best.numbers, language)}` : '']
  return parts.join('')
}

/** Frames of GB/T 17166: purpose, basis, period, boundary; what is measured by whom is the metering section. */
function frameWords({ period, level, meters }: SiteAudit, language: Language): string[] {
  const [mains, behind] = [meters.filter(({ role }) => role === 'main').length, meters.filter(({ role }) => role !== 'main').length]
  const word = createWords(language)
  return language === 'zh'
    ? [
        '目的：查明电能的使用与费用，诊断问题，给出有金额的节能措施。',
        '依据：GB/T 17166（审计框架）、GB 17167（计量）、GB/T 3485（合理用电）、GB/T 16664（供配电）、GB/T 23331（管理）、GB/T 2589（综合能耗）、GB/T 12325 与 GB/T 15543（电压）、GB/T 13462（变压器）、GB/T 28750 与 GB/T 13234（节能量）。',
        `审计期：${period.month}，零点示值至零点示值。`,
        `边界：${word(level)}，总表 ${mains} 块，其后 ${behind} 块。`,
      ]
    : [
        'Purpose: to find where electricity goes and what it costs, to diagnose, and to name measures with amounts.',
        'Basis: GB/T 17166 (audit), GB 17167 (metering), GB/T 3485 (rational use), GB/T 16664 (supply and distribution), GB/T 23331 (management), GB/T 2589 (intensity), GB/T 12325 and GB/T 15543 (voltage), GB/T 13462 (transformers), GB/T 28750 and GB/T 13234 (savings).',
        `Period: ${period.month}, from midnight register to midnight register.`,
        `Boundary: ${word(level).toLowerCase()}, ${mains} main ${mains === 1 ? 'meter' : 'meters'}, ${behind} behind.`,
      ]
}
