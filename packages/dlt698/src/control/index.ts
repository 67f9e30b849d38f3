export { controlRequest } from './control-request.js'
export type { ControlAction, Route } from './control-request.js'
