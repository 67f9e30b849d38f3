import { HesError } from '@zhuzhan/core'
import { equalBytes } from '@zhuzhan/gm-crypto'
import { hexOf } from '../bytes.js'
import { cipherFor } from '../cipher/port.js'
import type { FieldContext } from '../message.js'
import { messageOf } from '../message.js'
import { acceptPairBlock, acceptPairSm2, bare, linkOfBlock, linkOfSm2, makePairBlock, makePairSm2, pidOfKey } from '../pairing.js'
import { NO_FINGERPRINT, fingerprintOf } from '../pairing-code.js'
import type { PairingCode } from '../pairing-code.js'
import { orRefused } from '../refusal.js'
import type { Peers, PeerRecord } from './peers.js'
import type { PairingWindows } from './pairing-windows.js'
import type { FieldMeterOptions } from './types.js'

type Made = { record: PeerRecord; answer: Buffer }

/** The meter's part of pairing. §6.1 */
export function createPairing(options: FieldMeterOptions, peers: Peers, windows: PairingWindows) {
  const { engine, random, identity, ciphers, onEvent, deviceKey } = options

  const withSm2 = async (c: FieldContext, { secret }: PairingCode, request: Uint8Array): Promise<Made> => {
    const device = await acceptPairSm2(engine, 'request', c, secret, request)
    // The PID names the key: who has another key has another PID.
    if (!equalBytes(pidOfKey(device.publicKey), c.pid)) throw new HesError('AUTH_FAILED')
    const nonce = random(16)
    const body = await makePairSm2(engine, 'answer', c, secret, identity, nonce, request)
    const link = linkOfSm2(c, secret, device, { nonce, publicKey: identity.publicKey })
    return { record: { kind: c.kind, pid: hexOf(c.pid), publicKey: device.publicKey, link, pending: true }, answer: messageOf(c, 'pairAnswer', body) }
  }

  const withBlock = async (c: FieldContext, { secret }: PairingCode, request: Uint8Array): Promise<Made> => {
    const cipher = cipherFor(c.suite.decision.authentication, ciphers)
    const key = await deviceKey?.(c.kind, c.pid)
    if (key === undefined) throw new HesError('DEVICE_NOT_ENROLLED')
    const { nonce: nD } = await acceptPairBlock(cipher, 'request', c, key, secret, request)
    const nM = random(16)
    const body = await makePairBlock(cipher, 'answer', c, key, secret, nM, request)
    const link = await linkOfBlock(cipher, c, key, secret, nD, nM)
    return { record: { kind: c.kind, pid: hexOf(c.pid), link, pending: true }, answer: messageOf(c, 'pairAnswer', body) }
  }

  return {
    /** PAIR-REQUEST: the answer, or silence. */
    async receive(c: FieldContext, request: Uint8Array): Promise<Buffer | undefined> {
      const again = windows.repeated(c.pid, request)
      if (again) return again
      for (const code of windows.usable(c.kind, c.pid)) {
        const made = await orRefused((c.suite.authentication === 'sm2' ? withSm2 : withBlock)(c, code, request))
        if (!made) continue
        if (!(await peers.add(made.record))) break
        windows.use(code, c.pid, request, made.answer)
        onEvent?.({ kind: 'paired', peer: c.kind, pid: made.record.pid })
        return made.answer
      }
      onEvent?.({ kind: 'pairing-refused', peer: c.kind })
      return undefined
    },
    /** The code for the display. */
    show(c: Pick<FieldContext, 'kind' | 'suite'>): PairingCode {
      const fingerprint = c.suite.authentication === 'sm2' ? fingerprintOf(bare(identity.publicKey)) : NO_FINGERPRINT
      const code: PairingCode = { kind: c.kind, shownBy: 'meter', id: Buffer.from(options.mid), secret: random(16), fingerprint }
      windows.open(code)
      return code
    },
  }
}
