import { stationSuite } from './station-suite.js'

stationSuite('the embedded PostgreSQL', () => ({}))
