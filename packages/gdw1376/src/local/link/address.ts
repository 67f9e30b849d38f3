import { reversedHex, sequence } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { fixedList } from '../../wire/lists.js'

/** A node: 12 digits, sent low byte first; twelve times 9 is broadcast. Reference §B1. */
export const Node: Codec<string> = reversedHex(6)
export const BROADCAST_NODE = '999999999999'
export const NODE_SIZE = 6

/** Address field A: there only when the module flag is set. */
export interface LocalAddress {
  source: string
  /** Relays on the way; only in frames to the module. */
  relays?: string[]
  destination: string
}

const Plain = sequence({ source: Node, destination: Node })

/** A of a frame with this DIR and relay level. Frames from the module carry no relays. */
export function addressOf(dir: number, relayLevel: number): Codec<LocalAddress> {
  const relays = relaysOf(dir, relayLevel)
  return relays === 0 ? Plain : sequence({ source: Node, relays: fixedList(relays, Node), destination: Node })
}

/** How many relay addresses stand in A. */
export function relaysOf(dir: number, relayLevel: number): number {
  return dir === 1 ? 0 : relayLevel
}
