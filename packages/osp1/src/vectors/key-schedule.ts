import { VectorFormatError, outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { DERIVED, PURPOSE, deriveKey, diversify, regionRoot } from '../keys.js'
import type { DerivedKey } from '../keys.js'
import { sameBytes } from './derived.js'

export function receiveDiversified(own: CaseReader, wire: CaseReader): Outcome[] {
  return [
    ...sameBytes(own, 'deviceKey', diversify(wire.bytes('rootKey'), wire.bytes('dispersion'))),
    ...sameBytes(wire, 'deviceKey', own.bytes('deviceKey')),
  ]
}

export function receiveRegion(own: CaseReader, wire: CaseReader): Outcome[] {
  const region = regionRoot(wire.bytes('rootKey'), wire.bytes('region'))
  return [
    ...sameBytes(own, 'regionKey', region),
    ...sameBytes(own, 'deviceKey', diversify(region, wire.bytes('dispersion'))),
    ...sameBytes(wire, 'regionKey', own.bytes('regionKey')),
    ...sameBytes(wire, 'deviceKey', own.bytes('deviceKey')),
  ]
}

export function receiveDerivedKey(own: CaseReader, wire: CaseReader): Outcome[] {
  const row = (Object.keys(DERIVED) as DerivedKey[]).find((name) => DERIVED[name].label === wire.text('label'))
  if (!row) throw new VectorFormatError(`${wire.id}: label '${wire.text('label')}' is not in the table`)
  return [
    outcome('purpose', wire.number('purpose') === PURPOSE[DERIVED[row].purpose]),
    ...sameBytes(own, 'key', deriveKey(wire.bytes('deviceKey'), row, wire.bytes('dispersion'))),
    ...sameBytes(wire, 'key', own.bytes('key')),
  ]
}
