/**
 * What stands behind a meter. One row a kind of customer: mean power of each hour in watts on working days and on
 * weekends, how the months of the year weigh (percent), and what the line looks like. A meter picks a row and a
 * scale by its address. The figures are made up to look right on a chart; they are nobody's measurements.
 */
export interface Premises {
  name: string
  /** How often the kind is met among a hundred meters. */
  share: number
  phases: 1 | 3
  /** Rated current of the meter, A; printed by 4105. */
  ratedCurrent: number
  weekday: Hours
  weekend: Hours
  /** Power sent back to the grid (roof PV), same shape for all days. */
  exported?: Hours
  months: Months
  exportedMonths?: Months
  /** Power factor in thousandths. */
  powerFactor: number
  /** Reactive energy of quadrant 1 in percent of forward active energy; fits the power factor. */
  reactivePercent: number
  /** Scale of a single meter, percent. */
  scale: readonly [low: number, high: number]
}

type Hours = readonly number[] & { readonly length: 24 }
type Months = readonly number[] & { readonly length: 12 }

const COOLING_AND_HEATING: Months = [122, 118, 100, 86, 88, 112, 140, 144, 112, 88, 92, 112]
const MILD: Months = [104, 102, 100, 97, 98, 104, 110, 110, 102, 97, 98, 102]
const IRRIGATION: Months = [40, 45, 90, 150, 170, 140, 120, 130, 110, 80, 55, 40]
const SUNSHINE: Months = [62, 74, 92, 110, 122, 126, 130, 124, 106, 92, 70, 58]

export const PREMISES: readonly Premises[] = [
  {
    name: 'family', share: 34, phases: 1, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 955, reactivePercent: 31, scale: [60, 190],
    weekday: [190, 170, 160, 160, 170, 240, 520, 610, 380, 280, 270, 420, 470, 320, 270, 280, 350, 620, 980, 1180, 1090, 820, 520, 290],
    weekend: [210, 180, 170, 160, 160, 190, 330, 560, 690, 620, 560, 760, 840, 610, 520, 500, 540, 790, 1120, 1230, 1120, 880, 590, 330],
  },
  {
    name: 'couple', share: 20, phases: 1, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 965, reactivePercent: 27, scale: [50, 150],
    weekday: [130, 120, 110, 110, 110, 150, 420, 440, 170, 110, 100, 110, 120, 110, 110, 110, 150, 330, 690, 840, 790, 610, 380, 190],
    weekend: [150, 130, 120, 110, 110, 120, 160, 310, 470, 450, 380, 520, 590, 430, 360, 340, 380, 520, 780, 860, 800, 640, 430, 230],
  },
  {
    name: 'retired', share: 12, phases: 1, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 950, reactivePercent: 33, scale: [50, 140],
    weekday: [140, 130, 120, 120, 140, 290, 420, 390, 350, 330, 360, 560, 480, 300, 290, 310, 400, 560, 610, 590, 520, 360, 210, 160],
    weekend: [140, 130, 120, 120, 140, 280, 410, 400, 370, 350, 390, 600, 510, 320, 300, 330, 420, 590, 640, 610, 530, 370, 210, 160],
  },
  {
    name: 'electric-car', share: 6, phases: 1, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 975, reactivePercent: 23, scale: [70, 130],
    weekday: [3300, 3100, 2600, 1500, 520, 280, 520, 580, 310, 240, 230, 330, 360, 260, 240, 250, 330, 590, 910, 1060, 980, 740, 620, 2700],
    weekend: [2500, 2300, 1700, 880, 320, 230, 320, 530, 650, 580, 540, 700, 760, 560, 480, 460, 520, 740, 1030, 1120, 1020, 800, 640, 2100],
  },
  {
    name: 'roof-pv', share: 6, phases: 1, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 960, reactivePercent: 29, scale: [60, 160],
    weekday: [190, 170, 160, 160, 170, 240, 480, 420, 160, 60, 40, 40, 40, 40, 50, 90, 210, 520, 940, 1150, 1070, 810, 520, 290],
    weekend: [210, 180, 170, 160, 160, 190, 310, 400, 300, 140, 80, 80, 80, 80, 100, 160, 330, 690, 1080, 1200, 1100, 870, 590, 330],
    exported: [0, 0, 0, 0, 0, 0, 0, 160, 620, 1340, 2060, 2540, 2720, 2620, 2180, 1480, 720, 180, 0, 0, 0, 0, 0, 0],
    exportedMonths: SUNSHINE,
  },
  {
    name: 'shop', share: 8, phases: 3, ratedCurrent: 60, months: MILD, powerFactor: 905, reactivePercent: 47, scale: [40, 220],
    weekday: [620, 600, 600, 600, 620, 700, 1100, 1900, 3000, 3900, 4200, 4300, 4200, 4200, 4300, 4300, 4400, 4700, 5100, 5000, 4100, 2400, 1100, 700],
    weekend: [640, 610, 600, 600, 620, 690, 1000, 1700, 2900, 4300, 4900, 5100, 5000, 5100, 5200, 5200, 5300, 5600, 5800, 5500, 4600, 2800, 1300, 740],
  },
  {
    name: 'restaurant', share: 5, phases: 3, ratedCurrent: 60, months: MILD, powerFactor: 890, reactivePercent: 51, scale: [50, 180],
    weekday: [900, 760, 700, 680, 700, 980, 1900, 2600, 2800, 3900, 6600, 8200, 7800, 4600, 2900, 2800, 4300, 7600, 9100, 8800, 6900, 4300, 2200, 1200],
    weekend: [1100, 840, 720, 700, 720, 940, 1700, 2500, 3000, 4600, 7600, 9300, 9000, 5900, 3700, 3600, 5200, 8700, 10200, 9900, 8000, 5200, 2900, 1500],
  },
  {
    name: 'office', share: 4, phases: 3, ratedCurrent: 60, months: COOLING_AND_HEATING, powerFactor: 915, reactivePercent: 44, scale: [50, 200],
    weekday: [900, 880, 860, 860, 880, 960, 1500, 3400, 6400, 7800, 8100, 7900, 6600, 7300, 8000, 8000, 7700, 6200, 3600, 2500, 1900, 1400, 1100, 960],
    weekend: [880, 860, 850, 850, 860, 880, 920, 1000, 1200, 1300, 1300, 1300, 1250, 1250, 1250, 1250, 1200, 1100, 1000, 960, 940, 920, 900, 880],
  },
  {
    name: 'pump', share: 4, phases: 3, ratedCurrent: 60, months: IRRIGATION, powerFactor: 845, reactivePercent: 63, scale: [50, 160],
    weekday: [5200, 5200, 5200, 5200, 5000, 4200, 1200, 400, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 260, 260, 300, 500, 2600, 5000],
    weekend: [5200, 5200, 5200, 5200, 5000, 4200, 1200, 400, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 260, 260, 300, 500, 2600, 5000],
  },
  {
    name: 'street-light', share: 1, phases: 3, ratedCurrent: 60, months: MILD, powerFactor: 930, reactivePercent: 40, scale: [60, 150],
    weekday: [4200, 4200, 2600, 2600, 2600, 3200, 1600, 120, 80, 80, 80, 80, 80, 80, 80, 80, 200, 2200, 4200, 4200, 4200, 4200, 4200, 4200],
    weekend: [4200, 4200, 2600, 2600, 2600, 3200, 1600, 120, 80, 80, 80, 80, 80, 80, 80, 80, 200, 2200, 4200, 4200, 4200, 4200, 4200, 4200],
  },
]

/** What a terminal measures itself at the transformer: the sum of a street. */
export const TRANSFORMER_AREA: Premises = {
  name: 'transformer-area', share: 0, phases: 3, ratedCurrent: 6, months: COOLING_AND_HEATING, powerFactor: 925, reactivePercent: 41, scale: [70, 160],
  weekday: [17e3, 15e3, 14e3, 14e3, 14e3, 16e3, 25e3, 31e3, 27e3, 26e3, 27e3, 33e3, 34e3, 28e3, 26e3, 26e3, 29e3, 38e3, 50e3, 54e3, 50e3, 40e3, 28e3, 21e3],
  weekend: [18e3, 16e3, 14e3, 14e3, 14e3, 15e3, 19e3, 27e3, 33e3, 33e3, 33e3, 40e3, 42e3, 36e3, 33e3, 33e3, 35e3, 43e3, 54e3, 57e3, 52e3, 43e3, 31e3, 22e3],
}
