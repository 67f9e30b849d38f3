import { outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'

/** A value of the case that a receiver computes for itself: present means it must be equal. */
export function sameBytes(c: CaseReader, field: string, got: Uint8Array | undefined): Outcome[] {
  if (!c.has(field)) return []
  return [outcome(field, got !== undefined && Buffer.compare(c.bytes(field), got) === 0)]
}

export function sameNumber(c: CaseReader, field: string, got: number | undefined): Outcome[] {
  return c.has(field) ? [outcome(field, c.number(field) === got)] : []
}

/**
 * AD of a case: flag 05 (single address, logical address 0) unless it names another.
 * @throws RangeError when the flag counts other bytes than the address has: such a frame does not parse
 */
export function adOfCase(c: CaseReader): Buffer {
  const sa = c.bytes('serverAddr')
  const flag = c.has('addressFlag') ? c.number('addressFlag') : 0x05
  if (c.has('addressFlag') && (flag & 0x0f) !== sa.length - 1) throw new RangeError('flag and address differ in length')
  return Buffer.concat([Buffer.of(flag & 0xf0, sa.length), sa])
}
