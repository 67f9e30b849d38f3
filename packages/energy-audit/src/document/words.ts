import type { RowKey } from '../site/rows.js'
import type { Language } from './model.js'

type Words = Record<Language, string>
const w = (en: string, zh: string): Words => ({ en, zh })

/** Names of rows, periods, units and headings. Names end where a sentence of sentences.ts begins. */
export const WORDS = {
  title: w('Energy audit', '能源审计报告'),
  customer: w('Customer', '用户'), area: w('Transformer area', '台区'), plant: w('Plant', '厂区'),
  provisional: w('Provisional', '暂定'), withheld: w('Amounts not printed', '不列金额'), final: w('Complete data', '数据完整'), monthRuns: w('Month not over', '当月未结束'),
  site: w('Subject', '对象'), period: w('Period', '审计期'), identity: w('Identifier', '编号'), computed: w('Formulas', '公式版本'), readings: w('Latest reading received', '最近收到数据'),
  capacity: w('Contract capacity', '合同容量'), declared: w('Declared demand', '核定需量'), transformer: w('Transformer', '变压器'), charging: w('Basic charge by', '基本电费计收'), use: w('Use', '用电类别'), tariffName: w('Tariff', '电价'), standard: w('Power factor standard', '功率因数标准'),
  'charging.capacity': w('capacity', '按容量'), 'charging.demand': w('demand', '按需量'), 'charging.none': w('none', '不计收'),
  'use.industry': w('industry', '工业'), 'use.office': w('office', '办公'), 'use.shop': w('shop', '商业'), 'use.farming': w('farming', '农业'), 'use.home': w('home', '居民'), 'use.other': w('other', '其他'),
  summary: w('Summary', '摘要'), frame: w('Purpose, basis and boundary', '审计目的、依据与边界'), metering: w('Metering and data', '计量与数据'), energyCost: w('Energy and cost', '用电量与电费'),
  loadTitle: w('Load', '负荷特性'), supplyTitle: w('Supply and distribution', '供配电'), intensityTitle: w('Intensity', '能耗强度'), chain: w('From diagnosis to measures', '从诊断到措施'), verifiedTitle: w('Verified savings', '节能量核证'), notes: w('Notes', '说明'),
  energy: w('Energy', '用电量'), cost: w('Cost', '电费'), demand: w('Maximum demand', '最大需量'), capacityRow: w('Capacity use', '容量利用率'), loadFactor: w('Load factor', '负荷率'), peakValley: w('Peak-valley difference', '峰谷差'), baseLoad: w('Base load', '基荷'), dayTypes: w('Weekday and holiday', '工作日与节假日'), powerFactor: w('Power factor', '功率因数'), unbalance: w('Phase unbalance', '三相不平衡'), voltage: w('Voltage', '电压合格率'), transformerRow: w('Transformer load', '变压器运行'), lineLoss: w('Line loss', '线损'), intensity: w('Intensity', '单位能耗'), completeness: w('Completeness', '数据完整率'), measures: w('Measures', '节能措施'),
  good: w('good', '良好'), fair: w('to be improved', '待改进'), poor: w('poor', '不合格'), none: w('for information', '仅供参考'), unknown: w('not known', '缺少资料'),
  sharp: w('sharp', '尖峰'), peak: w('peak', '高峰'), flat: w('flat', '平段'), valley: w('valley', '低谷'), deep: w('deep valley', '深谷'),
  workday: w('working day', '工作日'), weekend: w('weekend', '周末'), holiday: w('holiday', '节假日'),
  item: w('Item', '项目'), judgement: w('Judgement', '评价'), result: w('Result', '结果'), rate: w('Period', '时段'), share: w('Share', '占比'), price: w('Price (CNY/kWh)', '电价（元/kWh）'), amountCny: w('Amount (CNY)', '金额（元）'), kwh: w('Energy (kWh)', '电量（kWh）'), total: w('Total', '合计'),
  energyCharge: w('Energy charge', '电度电费'), basicCharge: w('Basic charge', '基本电费'), adjustment: w('Power factor adjustment', '功率因数调整电费'), bill: w('Bill', '电费构成'), meanPrice: w('Mean energy price', '平均电度电价'),
  periodsTable: w('Energy by period', '分时电量与电费'), metersTable: w('Meters', '计量点'), meter: w('Meter', '电表'), role: w('Role', '类型'), 'role.main': w('main', '总表'), 'role.sub': w('sub-meter', '分表'), 'role.user': w('user', '用户表'), basis: w('Basis', '来源'), 'basis.registers': w('registers', '冻结示值'), 'basis.curve': w('curve', '负荷曲线'), 'basis.mixed': w('registers and curve', '示值与曲线'), 'basis.none': w('none', '无'),
  twoPart: w('Two-part tariff: capacity or demand', '两部制电价：按容量与按需量比较'), capacityFee: w('By capacity', '按容量'), demandFee: w('By demand', '按需量'), cheaper: w('Cheaper', '较低者'), difference: w('Difference', '差额'), equal: w('equal', '相同'),
  finding: w('Finding', '诊断'), behind: w('Behind it', '涉及量'), measure: w('Measure', '措施'), saving: w('Saving', '节约'), costClass: w('Cost', '投资'), confidence: w('Confidence', '可信度'), formula: w('Formula', '公式'),
  'cost.none': w('none', '无'), 'cost.low': w('low', '低'), 'cost.medium': w('medium', '中'), 'cost.high': w('high', '高'), 'confidence.high': w('high', '高'), 'confidence.medium': w('medium', '中'), 'confidence.low': w('low', '低'),
  perMonth: w('a month', '每月'), perYear: w('a year', '每年'), noMeasure: w('no measure with an amount', '无可计量措施'),
  daily: w('Daily energy by period', '每日分时电量'), profiles: w('Mean day by day type', '分类型典型日负荷'), duration: w('Load duration', '负荷持续曲线'), months: w('Months compared', '月度对比'), ofTime: w('of the time', '时间占比'), subShares: w('Meters behind the main', '分表电量'), maximum: w('maximum', '最大值'),
  adjusted: w('Adjusted baseline (kWh)', '校准基准（kWh）'), measured: w('Measured (kWh)', '实测（kWh）'), savedKwh: w('Saving (kWh)', '节电量（kWh）'), savedCny: w('Saving (CNY)', '节约（元）'), cv: w('CV(RMSE)', 'CV(RMSE)'), accepted: w('Baseline', '基准模型'), 'accepted.true': w('accepted', '通过'), 'accepted.false': w('refused', '不通过'),
  savingPotential: w('Saving potential', '节约潜力'), cny: w('CNY', '元'),
} as const satisfies Record<string, Words>

export type Word = keyof typeof WORDS
const ROW_WORDS: Partial<Record<RowKey, Word>> = { capacity: 'capacityRow', transformer: 'transformerRow' }
/** The name of a row of the audit. */
export const rowWord = (key: RowKey): Word => ROW_WORDS[key] ?? (key as Word)
export const createWords = (language: Language) => (word: Word): string => WORDS[word][language]

/** What a part of the tariff's data was not applied for; the texts of cost.ts. */
export const NOT_APPLIED: readonly (readonly [begin: string, zh: string])[] = [
  ['the meter has no known tariff', '电表未登记已知电价'],
  ['deep valley on holidays', '节假日深谷电价：未填写节假日表'],
  ['ratios: the source', '电价系数：来源未说明其余系数适用于哪些月份'],
  ['amounts: the tariff gives ratios', '金额：电价只有相对平段的系数，没有平段价格'],
  ['amounts: no price for', '金额：部分时段没有价格'],
  ['amounts: neither tariff', '金额：费率示值与曲线都无法给出分时电量'],
  ['yearly steps', '年阶梯：没有年初示值'],
]
