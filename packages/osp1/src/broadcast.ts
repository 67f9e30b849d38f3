import { sm4Cmac } from '@zhuzhan/gm-crypto'
import { label, lp, u32 } from './bytes.js'

/** Group and broadcast messages: clock shifts only, because any member of the group can forge them. §7.5 */

export const BROADCAST_SID = Buffer.from('f1030000', 'hex')
const LABEL = label('OSP1-GRP')

/** attach = AGSEQ(4) || G(8). */
export function broadcastAttach(agseq: number, groupId: Uint8Array): Buffer {
  return Buffer.concat([u32(agseq), groupId])
}

export interface BroadcastParts {
  clientAddress: number
  ad: Uint8Array
  sid: Uint8Array
  attach: Uint8Array
  apdu: Uint8Array
}

const input = (p: BroadcastParts): Buffer[] => [
  LABEL,
  Buffer.of(p.clientAddress),
  Buffer.from(p.ad),
  Buffer.from(p.sid),
  lp(p.attach),
  lp(p.apdu),
]

/** CMAC(KG, …), 16 bytes. The station commits AGSEQ before it sends. */
export function signBroadcast(key: Uint8Array, parts: BroadcastParts): Buffer {
  return sm4Cmac(key).sign(...input(parts))
}

export function verifyBroadcast(key: Uint8Array, parts: BroadcastParts, mac: Uint8Array): boolean {
  return sm4Cmac(key).verify(mac, ...input(parts))
}

/** AGSEQ and G of an attach; undefined when it has another form. */
export function readBroadcastAttach(attach: Uint8Array): { agseq: number; groupId: Buffer } | undefined {
  if (attach.length !== 12) return undefined
  const bytes = Buffer.from(attach)
  return { agseq: bytes.readUInt32BE(0), groupId: bytes.subarray(4) }
}
