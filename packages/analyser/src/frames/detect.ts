import type { Framing } from '@zhuzhan/codec'
import { REGISTRY } from './registry.js'
import type { ProtocolName } from './registry.js'
import { windowOf } from './window.js'

const WAKE_UP = 0xfe

export interface Detected {
  protocol: ProtocolName
  /** Wake-up bytes (FE) before it. */
  wakeUps: number
}

const framings: readonly Framing<ProtocolName>[] = REGISTRY.map(({ protocol }) => protocol.framing)

/** How many wake-up bytes the frame stands behind. */
export function wakeUpsBefore(bytes: Uint8Array): number {
  let count = 0
  while (bytes[count] === WAKE_UP) count++
  return count
}

/** The protocol of which these bytes are exactly one frame, checksums included; wake-up bytes may stand before it. */
export function detect(bytes: Uint8Array): Detected | undefined {
  const wakeUps = wakeUpsBefore(bytes)
  const size = bytes.length - wakeUps
  if (size === 0) return undefined
  const window = windowOf(bytes)
  for (let i = 0; i < framings.length; i++) {
    const framing = framings[i]!
    if (framing.start === bytes[wakeUps] && size <= framing.maxSize && framing.probe(window, wakeUps) === size) return { protocol: framing.name, wakeUps }
  }
  return undefined
}

interface Shape {
  protocol: ProtocolName
  /** Does what begins at `at` look like the start of such a frame, checksums aside? */
  begins(bytes: Uint8Array, at: number): boolean
  /** Its whole size by its length field. */
  size(bytes: Uint8Array, at: number): number
}

/** What tells the protocols apart without a checksum, the clearest first. 698.45 and 1376.2 begin alike but for what L counts. */
const SHAPES: readonly Shape[] = [
  { protocol: 'ssal', begins: (bytes, at) => bytes[at] === 0x98, size: (bytes, at) => lengthAt(bytes, at) + 4 },
  {
    protocol: 'gdw1376.1', begins: (bytes, at) => bytes[at] === 0x68 && bytes[at + 5] === 0x68 && lengthAt(bytes, at) === lengthAt(bytes, at + 2),
    size: (bytes, at) => (lengthAt(bytes, at) >> 2) + 8,
  },
  { protocol: 'dlt645', begins: (bytes, at) => bytes[at] === 0x68 && bytes[at + 7] === 0x68, size: (bytes, at) => (bytes[at + 9] ?? 0) + 12 },
  { protocol: 'dlt698', begins: (bytes, at) => bytes[at] === 0x68, size: (bytes, at) => lengthAt(bytes, at) + 2 },
  { protocol: 'gdw1376.2', begins: (bytes, at) => bytes[at] === 0x68, size: lengthAt },
]

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1] ?? 0) | ((bytes[at + 2] ?? 0) << 8)
}

/** The protocol whose error says most about bytes that are no frame; `undefined` when they do not even begin like one. */
export function likely(bytes: Uint8Array): ProtocolName | undefined {
  const at = wakeUpsBefore(bytes)
  const shapes = SHAPES.filter(({ begins }) => begins(bytes, at))
  return (shapes.find(({ size }) => size(bytes, at) === bytes.length - at) ?? shapes[0])?.protocol
}

/** The size of the whole frame by its length field, wake-up bytes included. */
export function declaredSize(bytes: Uint8Array, protocol: ProtocolName): number {
  const at = wakeUpsBefore(bytes)
  return at + SHAPES.find((shape) => shape.protocol === protocol)!.size(bytes, at)
}
