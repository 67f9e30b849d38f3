export { PROTOCOL_NAMES, protocolOf } from '@zhuzhan/analyser'
export { fuzz } from './run.js'
export type { FuzzCounts, FuzzOptions } from './run.js'
export { seedsOf } from './seeds.js'
