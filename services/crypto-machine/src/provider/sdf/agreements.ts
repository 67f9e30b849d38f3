import { HesError } from '@zhuzhan/core'
import { authFailed, isCurvePoint } from '@zhuzhan/gm-crypto'
import { prfMessage } from '@zhuzhan/osp1'
import type { AgreedKey, Agreement, AgreementPeer, StationKey } from '@zhuzhan/osp1'
import { unavailable } from './device.js'
import type { SdfDevice } from './device.js'
import { SdfFailure } from './library/return-codes.js'
import type { SdfSession } from './session.js'

export interface AgreementOptions {
  device: SdfDevice
  /** SM2 key index, and the public key the certificate names. */
  index: number
  publicKey: Buffer
  limits: AgreementLimits
}

export interface AgreementLimits {
  /** Exchanges begun in one session before another is opened. */
  perSession: number
  /** Exchanges under way at a time. */
  pending: number
  /** An exchange nobody ends is given up after this. */
  validMs: number
}
export const AGREEMENT_LIMITS: AgreementLimits = { perSession: 64, pending: 1024, validMs: 180_000 }

/** A session that carries exchanges: one call at a time, closed when it has had its share and none is left. */
interface Carrier {
  session: Promise<SdfSession>
  /** Of which life of the device. */
  life: number
  begun: number
  pending: number
  tail: Promise<unknown>
}

/**
 * GB/T 32918.3 inside the device. An exchange lives in the session it was begun in, from CONNECT to its answer, which may
 * take minutes; and GM/T 0018 has no call to forget one that is never finished, only the end of its session. So exchanges
 * get sessions of their own, a limited number each.
 */
export function createAgreements({ device, index, publicKey, limits }: AgreementOptions): Pick<StationKey, 'initiate' | 'respond'> {
  let current: Carrier | undefined
  let pending = 0

  /** A place in a session, and how to leave it; leaving twice is leaving once. */
  const enter = (): { carrier: Carrier; leave: () => void } => {
    if (pending >= limits.pending) throw new HesError('BUSY')
    if (!current || current.begun >= limits.perSession || current.life !== device.life) {
      const opened = device.extraSession()
      const carrier: Carrier = { session: opened, life: device.life, begun: 0, pending: 0, tail: Promise.resolve() }
      opened.catch(() => {
        if (current === carrier) current = undefined
      })
      const before = current
      current = carrier
      if (before) closeIfDone(before)
    }
    const carrier = current
    carrier.begun++
    carrier.pending++
    pending++
    let held = true
    const leave = (): void => {
      clearTimeout(timer)
      if (!held) return
      held = false
      carrier.pending--
      pending--
      closeIfDone(carrier)
    }
    const timer = setTimeout(leave, limits.validMs)
    timer.unref()
    return { carrier, leave }
  }
  const closeIfDone = (carrier: Carrier): void => {
    if (carrier.pending > 0 || (carrier === current && carrier.begun < limits.perSession)) return
    if (carrier === current) current = undefined
    void carrier.tail.then(async () => (await carrier.session).close()).catch(() => undefined)
  }

  /** One call of the carrier's session after the other. */
  const run = async <T>(carrier: Carrier, work: (session: SdfSession) => Promise<T>): Promise<T> => {
    const mine = carrier.tail.then(async () => {
      if (carrier.life !== device.life) throw unavailable()
      return work(await carrier.session)
    })
    carrier.tail = mine.catch(() => undefined)
    try {
      return await mine
    } catch (error) {
      if (!(error instanceof SdfFailure)) throw error
      // Nothing more is begun in a session on which a call failed; exchanges in it may still end well.
      carrier.begun = limits.perSession
      device.report(error, carrier.life)
      throw unavailable(error)
    }
  }

  const agreedKey = (carrier: Carrier, handle: bigint): AgreedKey => ({
    prf: (name, context) => run(carrier, (session) => session.cipher(handle, { algorithm: 'SM4', mode: 'mac', data: prfMessage(name, context) })),
    sB: undefined,
    erase: () => {
      void run(carrier, (session) => session.destroyKey(handle)).catch(() => undefined)
    },
  })
  const checkPeer = (peer: AgreementPeer): void => {
    // Whether a device checks points is its own affair; here they are checked.
    if (!isCurvePoint(peer.publicKey) || !isCurvePoint(peer.ephemeral)) throw authFailed()
  }
  const checkOwn = (own: Buffer): void => {
    if (!own.equals(publicKey)) throw unavailable(new Error('the device agrees with another key than the certificate names'))
  }

  return {
    async initiate(id): Promise<Agreement> {
      const { carrier, leave } = enter()
      try {
        const begun = await run(carrier, (session) => session.beginAgreement(index, id))
        checkOwn(begun.publicKey)
        return {
          ephemeral: begun.ephemeral,
          async complete(peer) {
            checkPeer(peer)
            return agreedKey(carrier, await run(carrier, (session) => session.finishAgreement(begun.agreement, peer)))
          },
          discard: leave,
        }
      } catch (error) {
        leave()
        throw error
      }
    },
    async respond(id, peer) {
      checkPeer(peer)
      const { carrier, leave } = enter()
      try {
        const answer = await run(carrier, (session) => session.answerAgreement(index, id, peer))
        checkOwn(answer.publicKey)
        const key = agreedKey(carrier, answer.key)
        const erase = (): void => {
          key.erase()
          leave()
        }
        return { ephemeral: answer.ephemeral, key: { ...key, erase } }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}
