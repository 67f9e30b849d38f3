import { decode, encode } from '@zhuzhan/codec'
import { SM2_DEFAULT_ID, authFailed, equalBytes, hmacSm3, isCurvePoint, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { erase, label, u32 } from './bytes.js'
import type { BlockCipher } from './cipher/port.js'
import type { Asked } from './handshake-block.js'
import { agreedKey } from './keys.js'
import { AcceptSm2, AuthSm2, AuthSm2Linked, headOf, transcript } from './message.js'
import type { FieldContext } from './message.js'
import { bare, withPrefix } from './pairing.js'
import type { RecordKey, SessionKeys } from './record.js'

/** AUTH and ACCEPT of suites 1 and 5: signed GB/T 32918.3, forward secret. The device is initiator A, IDs are PID and MID. §6.2 */

const KEY_LENGTH = 32

/** Device. `ephemeral` is fresh for every try and erased after it. `link`: LK of a pairing, suite 1 only. */
export async function makeAuthSm2(engine: Sm2Engine, c: FieldContext, own: Sm2KeyPair, link: Uint8Array | undefined, asked: Asked, ephemeral: Sm2KeyPair): Promise<Buffer> {
  const point = bare(ephemeral.publicKey)
  const signature = await engine.sign(own.privateKey, SM2_DEFAULT_ID, authInput(c, asked, point))
  const fields = { nD: Buffer.from(asked.nD), slot: Buffer.from(asked.slot), cookie: Buffer.from(asked.cookie), ephemeral: point, signature }
  return link === undefined ? encode(AuthSm2, fields) : encode(AuthSm2Linked, { ...fields, linkTag: linkTag(c, link, fields) })
}

const authInput = (c: FieldContext, { nD, slot, cookie }: Asked, point: Uint8Array): Buffer => transcript('FSP1-AU1', c, 'auth', nD, slot, cookie, point)

function linkTag(c: FieldContext, link: Uint8Array, a: Asked & { ephemeral: Uint8Array; signature: Uint8Array }): Buffer {
  return hmacSm3(link, transcript('FSP1-AL1', c, 'auth', a.nD, a.slot, a.cookie, a.ephemeral, a.signature))
}

/** Meter, before any SM2: is this from somebody who holds the link key? True for suite 5, which has none. @throws DecodeError */
export function linkTagRight(c: FieldContext, link: Uint8Array | undefined, body: Uint8Array): boolean {
  if (link === undefined) {
    decode(AuthSm2, body)
    return true
  }
  const auth = decode(AuthSm2Linked, body)
  return equalBytes(auth.linkTag, linkTag(c, link, auth))
}

const decodeAuth = (body: Uint8Array, linked: boolean) => (linked ? decode(AuthSm2Linked, body) : decode(AuthSm2, body))

/** Meter: signature, then the point. @throws HesError AUTH_FAILED, DecodeError */
export async function checkAuthSm2(engine: Sm2Engine, c: FieldContext, deviceKey: Uint8Array, linked: boolean, body: Uint8Array): Promise<{ ephemeral: Buffer }> {
  const auth = decodeAuth(body, linked)
  if (!(await engine.verify(deviceKey, SM2_DEFAULT_ID, authInput(c, auth, auth.ephemeral), auth.signature))) throw authFailed()
  const ephemeral = withPrefix(auth.ephemeral)
  if (!isCurvePoint(ephemeral)) throw authFailed()
  return { ephemeral }
}

const acceptInput = (c: FieldContext, auth: Uint8Array, point: Uint8Array, confirmation: Uint8Array, seconds: Uint8Array): Buffer =>
  transcript('FSP1-AU2', c, 'accept', auth, point, confirmation, seconds)

interface Parties {
  own: Sm2KeyPair
  ephemeral: Sm2KeyPair
  /** 04 || x || y. */
  peerKey: Uint8Array
  peerEphemeral: Uint8Array
}

function agree(engine: Sm2Engine, c: FieldContext, initiator: boolean, { own, ephemeral, peerKey, peerEphemeral }: Parties) {
  const [ownId, peerId] = initiator ? [c.pid, c.mid] : [c.mid, c.pid]
  return engine.agree({ initiator, own: { ...own, id: ownId, ephemeral }, peer: { publicKey: peerKey, id: peerId, ephemeral: peerEphemeral }, keyLength: KEY_LENGTH })
}

/** Meter. The caller erases the ephemeral key. @throws HesError AUTH_FAILED when U is infinity */
export async function makeAcceptSm2(engine: Sm2Engine, ccm: BlockCipher, c: FieldContext, parties: Parties, auth: Uint8Array, sessionSeconds: number): Promise<{ body: Buffer; keys: SessionKeys }> {
  const agreed = await agree(engine, c, false, parties)
  const [point, seconds] = [bare(parties.ephemeral.publicKey), u32(sessionSeconds)]
  const signature = await engine.sign(parties.own.privateKey, SM2_DEFAULT_ID, acceptInput(c, auth, point, agreed.sB, seconds))
  const body = encode(AcceptSm2, { ephemeral: point, confirmation: agreed.sB, seconds, signature })
  return { body, keys: await sessionKeysSm2(ccm, agreed.key, c, auth, body) }
}

/** Device: signature, point, agreement, confirmation in constant time. @throws HesError AUTH_FAILED, DecodeError */
export async function acceptAcceptSm2(engine: Sm2Engine, ccm: BlockCipher, c: FieldContext, parties: Omit<Parties, 'peerEphemeral'>, auth: Uint8Array, body: Uint8Array): Promise<{ sessionSeconds: number; keys: SessionKeys }> {
  const { ephemeral, confirmation, seconds, signature } = decode(AcceptSm2, body)
  if (!(await engine.verify(parties.peerKey, SM2_DEFAULT_ID, acceptInput(c, auth, ephemeral, confirmation, seconds), signature))) throw authFailed()
  const peerEphemeral = withPrefix(ephemeral)
  if (!isCurvePoint(peerEphemeral)) throw authFailed()
  const agreed = await agree(engine, c, true, { ...parties, peerEphemeral })
  if (!equalBytes(agreed.sB, confirmation)) throw authFailed()
  return { sessionSeconds: seconds.readUInt32BE(0), keys: await sessionKeysSm2(ccm, agreed.key, c, auth, body) }
}

/** th = SM3("FSP1-TRS" || suite || head || AUTH || head || ACCEPT); keys = HMAC-SM3(K, label || th || ids), cut to 16 for SM4. K is erased. */
async function sessionKeysSm2(ccm: BlockCipher, master: Buffer, c: FieldContext, auth: Uint8Array, accept: Uint8Array): Promise<SessionKeys> {
  const th = sm3(label('FSP1-TRS'), Buffer.of(c.suite.number), headOf(c, 'auth'), auth, headOf(c, 'accept'), accept)
  const key = (name: string): Buffer => agreedKey(master, name, th, c)
  const direction = async (suffix: 'UP' | 'DN'): Promise<RecordKey> =>
    c.suite.protection === 'ccm'
      ? { protection: 'ccm', key: await ccm.importKey(key(`FSP1-K${suffix}`).subarray(0, 16)) }
      : { protection: 'ctr-hmac', cipher: key(`FSP1-E${suffix}`).subarray(0, 16), mac: key(`FSP1-A${suffix}`) }
  const keys = { up: await direction('UP'), down: await direction('DN') }
  erase(master)
  return keys
}
