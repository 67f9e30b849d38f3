import { decode, encode } from '@zhuzhan/codec'
import { authFailed } from '@zhuzhan/gm-crypto'
import { u32 } from './bytes.js'
import { cmac, cmacVerify } from './cipher/modes.js'
import type { BlockCipher, BlockKey } from './cipher/port.js'
import { derive, idsOf } from './keys.js'
import { AcceptBlock, AuthBlock, transcript } from './message.js'
import type { FieldContext } from './message.js'
import type { SessionKeys } from './record.js'

/** AUTH and ACCEPT of suites 2 to 4: one block cipher and nothing else. §6.2 */

/** KA and KS of a link. */
export interface LinkKeys {
  authentication: BlockKey
  session: BlockKey
}

/** KA, KS = PRF(LK, label, ids), for the time of the work: a chip has room for few keys. */
export async function withLinkKeys<T>(cipher: BlockCipher, link: Uint8Array, c: FieldContext, work: (keys: LinkKeys) => Promise<T>): Promise<T> {
  const key = await cipher.importKey(link)
  const ids = idsOf(c)
  const keys = { authentication: await derive(cipher, key, 'FSP1-KAU', ids), session: await derive(cipher, key, 'FSP1-KSE', ids) }
  key.erase()
  try {
    return await work(keys)
  } finally {
    keys.authentication.erase()
    keys.session.erase()
  }
}

export interface Asked {
  nD: Uint8Array
  slot: Uint8Array
  cookie: Uint8Array
}

const authInput = (c: FieldContext, { nD, slot, cookie }: Asked): Buffer => transcript('FSP1-AU1', c, 'auth', nD, slot, cookie)
const acceptInput = (c: FieldContext, auth: Uint8Array, nS: Uint8Array, seconds: Uint8Array): Buffer => transcript('FSP1-AU2', c, 'accept', auth, nS, seconds)

/** Device. */
export async function makeAuthBlock(keys: LinkKeys, c: FieldContext, asked: Asked): Promise<Buffer> {
  const { nD, slot, cookie } = asked
  return encode(AuthBlock, { nD: Buffer.from(nD), slot: Buffer.from(slot), cookie: Buffer.from(cookie), tag: await cmac(keys.authentication, authInput(c, asked)) })
}

/** Meter; the cookie is its own check. @throws HesError AUTH_FAILED, DecodeError */
export async function checkAuthBlock(keys: LinkKeys, c: FieldContext, body: Uint8Array): Promise<void> {
  const auth = decode(AuthBlock, body)
  if (!(await cmacVerify(keys.authentication, authInput(c, auth), auth.tag))) throw authFailed()
}

/** Meter. nS: 16 fresh random bytes; with them no two sessions have the same keys, whatever was replayed. */
export async function makeAcceptBlock(keys: LinkKeys, c: FieldContext, auth: Uint8Array, nS: Uint8Array, sessionSeconds: number): Promise<Buffer> {
  const seconds = u32(sessionSeconds)
  return encode(AcceptBlock, { nS: Buffer.from(nS), seconds, tag: await cmac(keys.authentication, acceptInput(c, auth, nS, seconds)) })
}

/** Device. @throws HesError AUTH_FAILED, DecodeError */
export async function checkAcceptBlock(keys: LinkKeys, c: FieldContext, auth: Uint8Array, body: Uint8Array): Promise<{ nS: Buffer; sessionSeconds: number }> {
  const { nS, seconds, tag } = decode(AcceptBlock, body)
  if (!(await cmacVerify(keys.authentication, acceptInput(c, auth, nS, seconds), tag))) throw authFailed()
  return { nS: Buffer.from(nS), sessionSeconds: seconds.readUInt32BE(0) }
}

/** Both: Kup, Kdn = PRF(KS, label, nD || nS || PID || MID). */
export async function sessionKeysBlock(cipher: BlockCipher, keys: LinkKeys, c: FieldContext, nD: Uint8Array, nS: Uint8Array): Promise<SessionKeys> {
  const context = Buffer.concat([nD, nS, c.pid, c.mid])
  return {
    up: { protection: 'ccm', key: await derive(cipher, keys.session, 'FSP1-KUP', context) },
    down: { protection: 'ccm', key: await derive(cipher, keys.session, 'FSP1-KDN', context) },
  }
}
