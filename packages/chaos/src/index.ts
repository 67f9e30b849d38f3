export { runChaos } from './chaos.js'
export type { ChaosOptions, ChaosResult } from './chaos.js'
export { FAULT_NAMES, FAULTS } from './faults/table.js'
export type { FaultName } from './faults/table.js'
