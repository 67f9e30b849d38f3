import { catalogueOf } from '../../afn-table.js'
import { authentication } from './authentication.js'
import { confirm } from './confirm.js'
import { control } from './control.js'
import { events } from './events.js'
import { forward } from './forward.js'
import { frozen } from './frozen.js'
import { link, reset } from './link.js'
import { namedOnly } from './named-only.js'
import { queryParameter, setParameter } from './parameters.js'
import { present } from './present.js'

/** Every AFN of Q/GDW 1376.1 with its functions. Reference §A3. */
export const upwardCatalogue = catalogueOf([
  confirm, reset, link, setParameter, control, authentication, queryParameter, present, frozen, events, forward, ...namedOnly,
])
