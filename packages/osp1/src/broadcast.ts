import { encodeApdu } from '@zhuzhan/dlt698'
import type { LinkAddress } from '@zhuzhan/dlt698'
import { sm4Cmac } from '@zhuzhan/gm-crypto'
import { authenticatedAddressOf } from './address.js'
import { label, lp, u32 } from './bytes.js'

/** Group and broadcast messages: clock shifts only, because any member of the group can forge them. §7.5 */

export const BROADCAST_SID = Buffer.from('f1030000', 'hex')
const LABEL = label('OSP1-GRP')

/** ACTION 4000 method 127, broadcast time: the only content. */
export const BROADCAST_TIME = '40007F00'
/** What a meter accepts; the station refuses the same. */
export const BROADCAST_LIMITS = { shiftSeconds: 60, totalShiftSeconds: 300, everyMs: 24 * 3_600_000 } as const

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

/**
 * The address broadcasts of the station carry: everybody. Which group is meant stands in the attach and in the key; a meter of another
 * group drops it.
 */
export function broadcastAddress(clientAddress: number): LinkAddress {
  return { type: 'broadcast', logical: 0, server: 'AA', client: clientAddress }
}

/** The whole SECURITY-Request of one broadcast to one group. */
export function broadcastRequest(key: Uint8Array, to: { address: LinkAddress; agseq: number; groupId: Uint8Array }, apdu: Uint8Array): Buffer {
  const attach = broadcastAttach(to.agseq, to.groupId)
  const mac = signBroadcast(key, { clientAddress: to.address.client, ad: authenticatedAddressOf(to.address), sid: BROADCAST_SID, attach, apdu })
  const sid = BROADCAST_SID.toString('hex').toUpperCase()
  return encodeApdu({ apdu: 'security-request', form: 'plain', content: Buffer.from(apdu), verification: { kind: 'sid-mac', sid, attach, mac } })
}
