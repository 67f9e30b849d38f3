export { controlRequest } from './control-request.js'
export type { ControlAction, Route } from './control-request.js'
export { PILE_OBJECT, pileStateData, pileStateOad, readPileState, readSetPoint, setPointData, setPointRequest } from './charging-pile.js'
export type { PileSetPoint, PileState } from './charging-pile.js'
