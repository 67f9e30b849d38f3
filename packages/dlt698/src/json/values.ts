import type { FrameValue } from '@zhuzhan/codec'
import type { Apdu } from '../apdu/index.js'
import type { DecodeApduOptions } from '../apdu/decode.js'

export function apduValues(_apdu: Apdu, _options: DecodeApduOptions): FrameValue[] {
  return []
}
