export { walkForward } from './forecast.js'
export type { Accuracy, ForecastReport } from './forecast.js'
export { dailyLoad, readLoad, sumLoad } from './load.js'
export type { Load } from './load.js'
