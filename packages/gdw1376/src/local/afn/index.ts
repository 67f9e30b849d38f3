import { catalogueOf } from '../../afn-table.js'
import { confirm, forward, initialise } from './confirm.js'
import { control } from './control.js'
import { linkTest, query } from './query.js'
import { reports } from './reports.js'
import { routeQuery } from './route-query.js'
import { concurrent, file, routeControl, routeForward, routeRead, routeSet, vendors } from './route.js'

/** Every AFN of Q/GDW 1376.2 with its functions. Reference §B3. */
export const localCatalogue = catalogueOf([
  confirm, initialise, forward, query, linkTest, control, reports, routeQuery, routeSet, routeControl, routeForward, routeRead, file, concurrent, ...vendors,
])
