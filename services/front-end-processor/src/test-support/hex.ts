import { fromHex } from '@zhuzhan/core'
import { decodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'

/** An APDU from the hex of the reference; blanks and bars are for reading. */
export function apdu(hex: string): Apdu {
  return decodeApdu(fromHex(hex.replaceAll('|', ' ')))
}
