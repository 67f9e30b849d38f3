import { DecodeError, dateTimeSToEpoch, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { LinkAddress, SecurityRequest } from '@zhuzhan/dlt698'
import { authenticatedAddressOf } from '../address.js'
import { BROADCAST_LIMITS, BROADCAST_SID, BROADCAST_TIME, readBroadcastAttach, verifyBroadcast } from '../broadcast.js'
import { agseqAccepted } from '../counters.js'
import { deriveKey } from '../keys.js'
import { PROOF_RN_LENGTH, signReadProof } from '../read-proof.js'
import type { Keyring } from './keyring.js'
import type { Counters } from './state.js'
import type { Osp1DeviceOptions } from './types.js'

/** Requests without a session: read proofs and clock broadcasts. §7.5 */
export function createUnsessioned(options: Osp1DeviceOptions, ad: Buffer, counters: Counters, keyring: Keyring) {
  const { keys, clock, act, onEvent, localTime = clock.now, offsetMinutes = 480 } = options
  const groupKey = (): Buffer | undefined => keys.groupId && deriveKey(keyring.active.keys.group, 'group', keys.groupId)
  let lastShiftAt = counters.state.agseq > 0 ? clock.monotonic() : Number.NEGATIVE_INFINITY

  const readProof = async (request: SecurityRequest, clientAddress: number): Promise<Buffer | undefined> => {
    const { form, content, verification } = request
    // GET only: a read proof authenticates the answer, not the question.
    if (form !== 'plain' || verification.kind !== 'rn' || verification.rn.length !== PROOF_RN_LENGTH || content[0] !== 0x05)
      return undefined
    try {
      decodeApdu(content)
    } catch (error) {
      if (error instanceof DecodeError) return undefined
      throw error
    }
    const answer = Buffer.from(await act(Buffer.from(content), { via: 'read-proof', task: 3, clientAddress }))
    if (answer[0] !== 0x85) return undefined
    return encodeApdu({
      apdu: 'security-response',
      form: 'plain',
      content: answer,
      mac: signReadProof(keyring.active.readProof, ad, verification.rn, content, answer),
    })
  }

  const broadcast = async (request: SecurityRequest, address: LinkAddress): Promise<undefined> => {
    const { form, content, verification } = request
    const refuse = (reason: string): undefined => {
      onEvent?.({ kind: 'broadcast-refused', reason })
    }
    if (form !== 'plain' || verification.kind !== 'sid-mac' || !keys.groupId) return refuse('form')
    const sid = Buffer.from(verification.sid, 'hex')
    const attach = readBroadcastAttach(verification.attach)
    if (!sid.equals(BROADCAST_SID) || !attach || !attach.groupId.equals(keys.groupId)) return refuse('group')
    const parts = { clientAddress: address.client, ad: authenticatedAddressOf(address), sid, attach: verification.attach, apdu: content }
    const key = groupKey()
    if (!key || !verifyBroadcast(key, parts, verification.mac)) return refuse('mac')
    if (!agseqAccepted(counters.state.agseq, attach.agseq)) return refuse('counter')
    // Consumed even when the content is refused below (§7.14).
    await counters.change({ agseq: attach.agseq })

    const shift = shiftOf(content)
    if (shift === undefined) return refuse('content')
    if (Math.abs(shift) > BROADCAST_LIMITS.shiftSeconds || clock.monotonic() - lastShiftAt < BROADCAST_LIMITS.everyMs) return refuse('limit')
    if (counters.state.broadcastShift + Math.abs(shift) > BROADCAST_LIMITS.totalShiftSeconds) return refuse('total')
    lastShiftAt = clock.monotonic()
    await counters.change({ broadcastShift: counters.state.broadcastShift + Math.abs(shift) })
    await act(Buffer.from(content), { via: 'broadcast', task: 5, clientAddress: address.client })
    return undefined
  }

  /** Seconds the clock would move; undefined when it is anything but ACTION 4000 method 127 with a time. */
  const shiftOf = (content: Buffer): number | undefined => {
    try {
      const apdu = decodeApdu(content)
      if (apdu.apdu !== 'action-request' || apdu.choice !== 'normal' || apdu.omd !== BROADCAST_TIME || apdu.parameter.type !== 'date-time-s')
        return undefined
      const to = dateTimeSToEpoch(apdu.parameter.value, offsetMinutes)
      return to === undefined ? undefined : (to - localTime()) / 1000
    } catch (error) {
      if (error instanceof DecodeError) return undefined
      throw error
    }
  }

  return { readProof, broadcast }
}
