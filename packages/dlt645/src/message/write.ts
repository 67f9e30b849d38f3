import { sequence } from '@zhuzhan/codec'
import type { Codec, Fields } from '@zhuzhan/codec'
import { readingTaken } from '../settings.js'
import type { Settings } from '../settings.js'
import { byLevel } from './by-level.js'
import { allBut, fields } from './combinators.js'
import { ValueOfDi, itemAround } from './item-value.js'
import type { ValueFields } from './item-value.js'
import { Mac, credentials } from './members.js'

const MAC_SIZE = 4

/** Class 99: the value in plain, then a MAC. Reference §5.3. */
const Signed: Fields<ValueFields & { mac: string }> = fields({
  readInto: (r, target) => {
    if (r.remaining < MAC_SIZE) r.fail('a MAC')
    r.window(r.remaining - MAC_SIZE, { read: () => ValueOfDi.readInto(r, target) })
    target['mac'] = r.trace === undefined ? Mac.read(r) : r.traced('mac', Mac)
  },
  write: (w, value) => {
    ValueOfDi.write(w, value)
    Mac.write(w, value.mac)
  },
})

interface Sealed {
  cipher: string
  mac: string
}

const Whole = sequence({ mac: Mac, cipher: allBut(0, 'low-first') })
const Elements = sequence({ cipher: allBut(MAC_SIZE, 'low-first'), mac: Mac })

function sealedTable(settings: Settings): Fields<Sealed> {
  return readingTaken(settings, 'sealedWrite') === 'whole' ? Whole : Elements
}

/** Class 98: ciphertext and MAC; in which order is the setting `sealedWrite`. */
const Sealed: Fields<Sealed> = fields({
  readInto: (r, target) => sealedTable(r.settings).readInto(r, target),
  write: (w, value) => sealedTable(w.settings).write(w, value),
})

const Body: Fields<{ level: string; password: string; operator: string } & Partial<ValueFields & Sealed>> = sequence(
  credentials, byLevel({ 98: Sealed, 99: Signed }, ValueOfDi) as Codec<unknown> as Fields<Partial<ValueFields & Sealed>>,
)

/** 14: DI, password, operator, data. Which class an item needs is a list of the meter's specification. Reference §4.4, §5.3. */
export const WriteRequest = itemAround(Body)
