export { walkForward } from './forecast.js'
export type { Accuracy, ForecastReport } from './forecast.js'
export { dailyLoad, readLoad } from './load.js'
export type { Load } from './load.js'
