import { bcdNumber, hexOctets, restHex, reversedHex, sequence } from '@zhuzhan/codec'
import { STATUS_WORD_3 } from './status-word.js'
import { flags } from './flags.js'
import { NO_SCALAR, textScalar } from './form.js'
import type { Form } from './form.js'
import { listForm, listToEnd } from './lists.js'
import { LoadRecord } from './load-record.js'
import { moment, momentForms } from './moments.js'
import { numberForm, numberScalar } from './numbers.js'
import { textForm } from './texts.js'

const NN = bcdNumber({ size: 1, decimals: 0 })

/** Password level, then P0 P1 P2 as sent. */
export const Password = sequence({ level: hexOctets(1), password: hexOctets(3) })

/** Demand in kW, kvar or kVA, and when it was so. Reference §3. */
const Demand = sequence({ demand: bcdNumber({ size: 3, decimals: 4 }), time: moment('YYMMDDhhmm') })

/** Only in the reading `start-end` of `eventRecord`; what follows differs by meter generation. */
const EventRecord = sequence({ start: moment('YYMMDDhhmmss'), end: moment('YYMMDDhhmmss'), body: restHex })

/** Forms that are more than one number or moment, by the names our rows use. */
const COMPOSITE: readonly Form[] = [
  {
    name: 'XX.XXXX YYMMDDhhmm', size: 8, codec: Demand, scalar: (value) => {
      const { demand, time } = value as { demand: unknown; time: string }
      const scalar = numberScalar(demand)
      return scalar && /T/.test(time) && scalar.value !== null ? { ...scalar, time } : scalar
    },
  },
  { name: 'YYMMDDWW', size: 4, codec: sequence({ weekday: NN, date: moment('YYMMDD') }), scalar: (value) => textScalar((value as { date: string }).date) },
  { name: 'MMDDNN', size: 3, codec: sequence({ table: NN, date: moment('MMDD') }), scalar: NO_SCALAR },
  { name: 'hhmmNN', size: 3, codec: sequence({ tariff: NN, from: moment('hhmm') }), scalar: NO_SCALAR },
  { name: 'YYMMDDNN', size: 4, codec: sequence({ table: NN, date: moment('YYMMDD') }), scalar: NO_SCALAR },
  { name: 'display', size: 5, codec: reversedHex(5), scalar: NO_SCALAR },
  { name: 'password', size: 4, codec: Password, scalar: NO_SCALAR },
  { name: 'status word 3', size: 2, codec: flags(2, STATUS_WORD_3), scalar: (value) => ({ value: (value as string[]).join(' ') }) },
  { name: 'event record', size: 0, codec: EventRecord, scalar: NO_SCALAR },
  { name: 'load records', size: 0, codec: listToEnd(LoadRecord, 1), scalar: NO_SCALAR },
]

const known = new Map<string, Form>([...COMPOSITE, ...momentForms].map((form) => [form.name, form]))

/**
 * The form of a name: a pattern of the standard (`XXX.XXX signed`), a moment (`YYMMDDhhmm`), `ASCII 32`, `digits 6`,
 * `hex 12`, one of the composite names, or any of these with `[]`.
 */
export function formOf(name: string): Form {
  let form = known.get(name)
  if (form === undefined) {
    form = name.endsWith('[]') ? listForm(formOf(name.slice(0, -2))) : numberForm(name) ?? textForm(name)
    if (form === undefined) throw new RangeError(`no form is called '${name}'`)
    known.set(name, form)
  }
  return form
}
