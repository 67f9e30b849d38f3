import { addressBytes } from '@zhuzhan/dlt698'
import type { LinkAddress } from '@zhuzhan/dlt698'

/**
 * AD = (flag AND F0) || n || SA(n): the address as OSP-1 authenticates it, logical and extended logical address
 * included, so that a record for one cannot be redirected to another. §7.0
 *
 * @param wire flag || SA as on the wire (addressBytes of dlt698)
 */
export function authenticatedAddress(wire: Uint8Array): Buffer {
  const sa = wire.subarray(1)
  return Buffer.concat([Buffer.of((wire[0] ?? 0) & 0xf0, sa.length), sa])
}

export function authenticatedAddressOf(address: LinkAddress): Buffer {
  return authenticatedAddress(addressBytes(address))
}

/** AD of a device with single address and logical address 0, from its 12-digit number. */
export function authenticatedAddressOfNumber(number: string): Buffer {
  return authenticatedAddressOf({ type: 'single', logical: 0, server: number, client: 0 })
}

/** D in key state 1: 0000 || the 12-digit number as BCD in display order. §7.1 */
export function dispersionOfNumber(number: string): Buffer {
  if (!/^[0-9]{12}$/.test(number)) throw new RangeError('a device number has 12 decimal digits')
  return Buffer.concat([Buffer.alloc(2), Buffer.from(number, 'hex')])
}
