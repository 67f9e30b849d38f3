export { createLpSolver } from './solver.js'
export type { LpAnswer, LpSolver } from './solver.js'
