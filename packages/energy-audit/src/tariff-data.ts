import type { Tariff } from './tariff.js'

/**
 * Chinese time-of-use tariffs as data: windows, ratios and prices of seven notices (data set cn_tou), facts only.
 *
 * UNSURE, all of it: read from a secondary transcript of the provincial notices, not from the notices themselves. Check against
 * the named document before an amount is printed on a bill. Ratios are multiples of the flat price; times named in no window
 * are flat.
 */
export const TARIFF_SOURCE = 'cn_tou, secondary transcript of the provincial notices; UNSURE until checked against the named document'

export const TARIFFS: readonly Tariff[] = [
  {
    id: 'ZJ-CI-2026',
    region: 'Zhejiang',
    customers: 'commercial and industrial',
    document: '浙发改价格〔2026〕112号, in force 2026-07-01',
    ratio: { sharp: 2.05, peak: 1.85, flat: 1, valley: 0.4, deep: 0.2 },
    holidayDeep: ['09:00-15:00'],
    periods: [
      { months: [2, 3, 4, 5, 6, 9, 10, 11], windows: { peak: ['16:00-23:00'], valley: ['00:00-07:00', '11:00-14:00'] } },
      { months: [1, 7, 8, 12], windows: { sharp: ['18:00-22:00'], peak: ['16:00-18:00', '22:00-23:00'], valley: ['00:00-07:00', '11:00-14:00'] } },
    ],
  },
  {
    id: 'JS-CI-2025',
    region: 'Jiangsu',
    customers: 'commercial and industrial, single-rate, 100 kVA and above',
    document: '苏发改价格发〔2025〕426号, in force 2025-06-01',
    ratio: { sharp: 2.04, peak: 1.7, flat: 1, valley: 0.35, deep: 0.28 },
    note: 'sharp only for industrial customers of 315 kVA and above',
    periods: [
      { months: [7, 8], windows: { sharp: ['14:00-15:00', '19:30-21:30'], peak: ['15:00-19:30', '21:30-22:00'], valley: ['00:00-06:00', '11:00-13:00'] } },
      { months: [12, 1], windows: { sharp: ['18:00-20:00'], peak: ['14:00-18:00', '20:00-22:00'], valley: ['00:00-06:00', '11:00-13:00'] } },
      { months: [6, 2], windows: { peak: ['14:00-22:00'], valley: ['00:00-06:00', '11:00-13:00'] } },
      { months: [3, 4, 5, 9, 10, 11], windows: { peak: ['15:00-22:00'], valley: ['02:00-06:00', '10:00-14:00'] } },
    ],
  },
  {
    id: 'SD-CI-2026',
    region: 'Shandong',
    customers: 'commercial and industrial',
    document: 'notice relayed by the Jinan price authority for 2026',
    ratio: { sharp: 2.0, peak: 1.7, flat: 1, valley: 0.3, deep: 0.1 },
    periods: [
      { months: [12, 1, 2], windows: { sharp: ['16:00-19:00'], peak: ['07:00-09:00', '19:00-21:00'], valley: ['02:00-06:00', '10:00-11:00', '14:00-15:00'], deep: ['11:00-14:00'] } },
      { months: [3, 4, 5], windows: { sharp: ['17:00-20:00'], peak: ['20:00-22:00'], valley: ['10:00-11:00', '14:00-15:00'], deep: ['11:00-14:00'] } },
      { months: [6], windows: { sharp: ['17:00-22:00'], peak: ['16:00-17:00', '22:00-23:00'], valley: ['07:00-12:00'] } },
      { months: [7, 8], windows: { sharp: ['17:00-22:00'], peak: ['16:00-17:00', '22:00-23:00'], valley: ['01:00-06:00'] } },
      { months: [9, 10, 11], windows: { sharp: ['17:00-19:00'], peak: ['16:00-17:00', '19:00-21:00'], valley: ['10:00-11:00', '14:00-15:00'], deep: ['11:00-14:00'] } },
    ],
  },
  {
    id: 'GD-CI-2021',
    region: 'Guangdong',
    customers: 'commercial and industrial',
    document: '粤发改价格〔2021〕331号',
    ratio: { sharp: 2.125, peak: 1.7, flat: 1, valley: 0.38 },
    periods: [
      { months: [1, 2, 3, 4, 5, 6, 10, 11, 12], windows: { peak: ['10:00-12:00', '14:00-19:00'], valley: ['00:00-08:00'] } },
      { months: [7, 8, 9], windows: { sharp: ['11:00-12:00', '15:00-17:00'], peak: ['10:00-11:00', '14:00-15:00', '17:00-19:00'], valley: ['00:00-08:00'] } },
    ],
  },
  {
    id: 'AH-CI-2025',
    region: 'Anhui',
    customers: 'commercial and industrial',
    document: 'in force 2025-07-01',
    ratio: { sharp: 2.2116, peak: 1.843, flat: 1, valley: 0.382 },
    ratioOtherMonths: { peak: 1.74 },
    note: 'sharp 20:00-22:00 from 15 Jul to 31 Aug and 19:00-21:00 from 15 Dec to 31 Jan, two-part industrial customers of 315 kVA and above',
    periods: [
      { months: [2, 3, 4, 5, 6, 10, 11], windows: { peak: ['06:00-08:00', '16:00-22:00'], valley: ['11:00-14:00', '23:00-06:00'] } },
      { months: [7, 8, 9], windows: { peak: ['16:00-24:00'], valley: ['02:00-09:00', '11:00-13:00'] } },
      { months: [12, 1], windows: { peak: ['15:00-23:00'], valley: ['12:00-14:00', '23:00-06:00'] } },
    ],
  },
  {
    id: 'SH-CI-2P-2023',
    region: 'Shanghai',
    customers: 'two-part industrial',
    document: '沪发改价管〔2022〕50号, in force 2023-01-01',
    ratio: { sharp: 2.25, peak: 1.8, flat: 1, valley: 0.4 },
    ratioOtherMonths: { peak: 1.6, valley: 0.5 },
    periods: [
      { months: [7, 8], windows: { sharp: ['12:00-14:00'], peak: ['08:00-12:00', '14:00-15:00', '18:00-21:00'], valley: ['22:00-06:00'] } },
      { months: [9], windows: { peak: ['08:00-15:00', '18:00-21:00'], valley: ['22:00-06:00'] } },
      { months: [1, 12], windows: { sharp: ['19:00-21:00'], peak: ['08:00-11:00', '18:00-19:00'], valley: ['22:00-06:00'] } },
      { months: [2, 3, 4, 5, 6, 10, 11], windows: { peak: ['08:00-11:00', '18:00-21:00'], valley: ['22:00-06:00'] } },
    ],
  },
  {
    id: 'ZJ-RES',
    region: 'Zhejiang',
    customers: 'residential, optional peak-valley with yearly steps',
    document: 'step tariff of the province; prices as quoted for Hangzhou',
    priceCnyPerKwh: { flat: 0.538, peak: 0.568, valley: 0.288 },
    yearlyStepsKwh: [2760, 4800],
    stepSurchargeCnyPerKwh: [0, 0.05, 0.3],
    note: 'windows from general knowledge, UNSURE; prices and steps read in a public source',
    periods: [
      { months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], windows: { peak: ['08:00-22:00'], valley: ['22:00-08:00'] } },
    ],
  },
]
