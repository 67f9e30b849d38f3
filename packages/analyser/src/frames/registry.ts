import type { Protocol } from '@zhuzhan/codec'
import { dlt645 } from '@zhuzhan/dlt645'
import { dlt698 } from '@zhuzhan/dlt698'
import { gdw1376_1, gdw1376_2 } from '@zhuzhan/gdw1376'
import { ssal } from '@zhuzhan/ssal'

interface Entry {
  protocol: Protocol
  /** What people call it. */
  title: string
  titleZh: string
  /** Its toJson keeps the FE bytes of a serial line that stand before a frame. */
  keepsWakeUps: boolean
}

/**
 * Every protocol, the one with the strongest checks first: where bytes could be a frame of several, two checksums of
 * 16 bits beat a sum of 8, and a start that repeats beats one that does not.
 */
export const REGISTRY = [
  { protocol: ssal, title: 'SSAL', titleZh: 'I型安全接入网关链路', keepsWakeUps: false },
  { protocol: dlt698, title: 'DL/T 698.45', titleZh: 'DL/T 698.45', keepsWakeUps: true },
  { protocol: gdw1376_1, title: 'Q/GDW 1376.1', titleZh: 'Q/GDW 1376.1', keepsWakeUps: false },
  { protocol: dlt645, title: 'DL/T 645-2007', titleZh: 'DL/T 645-2007', keepsWakeUps: true },
  { protocol: gdw1376_2, title: 'Q/GDW 1376.2', titleZh: 'Q/GDW 1376.2', keepsWakeUps: false },
] as const satisfies readonly Entry[]

export type ProtocolName = (typeof REGISTRY)[number]['protocol']['name']

const entries: readonly Entry[] = REGISTRY
const byName = new Map(entries.map((entry) => [entry.protocol.name, entry]))

export const PROTOCOL_NAMES = REGISTRY.map(({ protocol }) => protocol.name) as readonly ProtocolName[]

/** @throws RangeError for a name that is none of PROTOCOL_NAMES */
export function entryOf(name: string): Entry {
  const entry = byName.get(name)
  if (entry === undefined) throw new RangeError(`no protocol ${name}; there are ${PROTOCOL_NAMES.join(', ')}`)
  return entry
}

/** @throws RangeError */
export function protocolOf(name: string): Protocol {
  return entryOf(name).protocol
}
