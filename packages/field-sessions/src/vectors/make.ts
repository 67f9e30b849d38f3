import { createNobleEngine, messageDigest, signWithNonce, sm3 } from '@zhuzhan/gm-crypto'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import type { PolicySettings } from '@zhuzhan/policy'
import { hexOf } from '../bytes.js'
import { softSm4 } from '../cipher/soft-sm4.js'
import { writeDown, writeUp } from '../content.js'
import type { DownMessage, UpMessage } from '../content.js'
import { makeAcceptBlock, makeAuthBlock, sessionKeysBlock, withLinkKeys } from '../handshake-block.js'
import { makeAcceptSm2, makeAuthSm2 } from '../handshake-sm2.js'
import { diversifyField } from '../keys.js'
import { KINDS, suiteOf } from '../kinds.js'
import type { Kind } from '../kinds.js'
import { messageOf } from '../message.js'
import type { FieldContext } from '../message.js'
import { bare, linkOfBlock, linkOfSm2, makePairBlock, makePairSm2, pidOfKey } from '../pairing.js'
import { encodePairingCode, fingerprintOf } from '../pairing-code.js'
import { sealRecord } from '../record.js'
import type { Direction, SessionKeys } from '../record.js'

/** The vectors of FSP-1 from our own code, the same bytes each time. scripts/field-session-vectors.mjs writes them out. */

const LABORATORY: PolicySettings = { production: false, hardware: [], laboratory: ['SM1'] }
/** Everything that is random elsewhere: SM3 of a name, cut. */
const drawn = (name: string, count: number): Buffer => Buffer.concat([sm3(Buffer.from(`FSP-1 vector ${name}`)), sm3(Buffer.from(`FSP-1 vector ${name} 2`))]).subarray(0, count)
const MID = Buffer.from('0000200000001001', 'hex')
const SLOT = Buffer.from('0000002a', 'hex')
const SECONDS = 3_600

/** Signatures with a nonce that follows from the message: never for anything but vectors. */
function repeatableEngine(): Sm2Engine {
  const engine = createNobleEngine()
  return {
    ...engine,
    async sign(privateKey, id, message) {
      const publicKey = await engine.publicKeyOf(privateKey)
      const digest = messageDigest(publicKey, id, message)
      const k = drawn(`nonce ${hexOf(digest)}`, 32)
      const signature = signWithNonce(privateKey, digest, k, await engine.publicKeyOf(k))
      if (!signature) throw new RangeError('this message needs another nonce')
      return signature
    },
  }
}

export async function makeVectors(): Promise<object> {
  const engine = repeatableEngine()
  const pair = async (name: string): Promise<Sm2KeyPair> => {
    const privateKey = drawn(`key ${name}`, 32)
    return { privateKey, publicKey: await engine.publicKeyOf(privateKey) }
  }
  const meter = await pair('meter')
  const contextOf = (kind: Kind, pid: Uint8Array): FieldContext => ({ kind, suite: suiteOf(kind, LABORATORY), pid, mid: MID })
  const head = (c: FieldContext) => ({ kind: c.kind, kindCode: KINDS[c.kind].code, suite: c.suite.number, pid: hexOf(c.pid), mid: hexOf(c.mid) })

  const pairings: object[] = []
  const sessions: object[] = []

  async function records(c: FieldContext, keys: SessionKeys): Promise<object[]> {
    const rows: [Direction, number, string][] = [
      ['up', 1, hexOf(writeUp({ service: 'confirm', id: 1 }))],
      ['down', 1, hexOf(writeDown({ service: 'answer', re: 1, result: 0, now: 1_795_000_000, items: [] }))],
      ['up', 2, hexOf(drawn('content', 47))],
      ['up', 2 ** 20, '0f'],
    ]
    return Promise.all(rows.map(async ([direction, seq, content]) => ({
      direction, seq, content, message: hexOf(messageOf(c, direction === 'up' ? 'recordUp' : 'recordDown', await sealRecord(keys[direction], c, direction, seq, Buffer.from(content, 'hex')))),
    })))
  }

  for (const kind of ['phone', 'appliance', 'charging-pile', 'modular-terminal'] as const) {
    const device = await pair(kind)
    const c = contextOf(kind, kind === 'phone' ? pidOfKey(device.publicKey) : drawn(`pid ${kind}`, 8))
    const [secret, nD, nM] = [drawn(`secret ${kind}`, 16), drawn(`pair nD ${kind}`, 16), drawn(`pair nM ${kind}`, 16)]
    let link: Buffer | undefined
    const keys = { devicePrivate: hexOf(device.privateKey), devicePublic: hexOf(device.publicKey), meterPrivate: hexOf(meter.privateKey), meterPublic: hexOf(meter.publicKey) }
    if (c.suite.paired) {
      const request = await makePairSm2(engine, 'request', c, secret, device, nD)
      const answer = await makePairSm2(engine, 'answer', c, secret, meter, nM, request)
      link = linkOfSm2(c, secret, { nonce: nD, publicKey: device.publicKey }, { nonce: nM, publicKey: meter.publicKey })
      pairings.push({ ...head(c), ...keys, secret: hexOf(secret), request: hexOf(messageOf(c, 'pairRequest', request)), answer: hexOf(messageOf(c, 'pairAnswer', answer)), link: hexOf(link) })
    }
    const asked = { nD: drawn(`nD ${kind}`, 16), slot: SLOT, cookie: drawn(`cookie ${kind}`, 16) }
    const [rD, rM] = [await pair(`rD ${kind}`), await pair(`rM ${kind}`)]
    const auth = await makeAuthSm2(engine, c, device, link, asked, rD)
    const { body, keys: session } = await makeAcceptSm2(engine, softSm4, c, { own: meter, ephemeral: rM, peerKey: device.publicKey, peerEphemeral: rD.publicKey }, auth, SECONDS)
    sessions.push({
      ...head(c), ...keys, ...(link && { link: hexOf(link) }), deviceEphemeral: hexOf(rD.privateKey), meterEphemeral: hexOf(rM.privateKey),
      auth: hexOf(messageOf(c, 'auth', auth)), accept: hexOf(messageOf(c, 'accept', body)), records: await records(c, session),
    })
  }

  for (const kind of ['breaker', 'sensor', 'handheld'] as const) {
    const c = contextOf(kind, drawn(`pid ${kind}`, 8))
    const root = drawn(`root ${kind}`, 16)
    const deviceKeyBytes = diversifyField(root, c.pid)
    const deviceKey = await softSm4.importKey(deviceKeyBytes)
    const [secret, nD, nM] = [drawn(`secret ${kind}`, 16), drawn(`pair nD ${kind}`, 16), drawn(`pair nM ${kind}`, 16)]
    const request = await makePairBlock(softSm4, 'request', c, deviceKey, secret, nD)
    const answer = await makePairBlock(softSm4, 'answer', c, deviceKey, secret, nM, request)
    const link = await linkOfBlock(softSm4, c, deviceKey, secret, nD, nM)
    pairings.push({
      ...head(c), root: hexOf(root), deviceKey: hexOf(deviceKeyBytes), secret: hexOf(secret),
      request: hexOf(messageOf(c, 'pairRequest', request)), answer: hexOf(messageOf(c, 'pairAnswer', answer)), link: hexOf(link),
    })
    await withLinkKeys(softSm4, link, c, async (keys) => {
      const asked = { nD: drawn(`nD ${kind}`, 16), slot: SLOT, cookie: drawn(`cookie ${kind}`, 16) }
      const nS = drawn(`nS ${kind}`, 16)
      const auth = await makeAuthBlock(keys, c, asked)
      const accept = await makeAcceptBlock(keys, c, auth, nS, SECONDS)
      sessions.push({
        ...head(c), link: hexOf(link), auth: hexOf(messageOf(c, 'auth', auth)), accept: hexOf(messageOf(c, 'accept', accept)),
        records: await records(c, await sessionKeysBlock(softSm4, keys, c, asked.nD, nS)),
      })
    })
  }

  const code = { kind: 'phone', shownBy: 'meter', id: MID, secret: drawn('secret phone', 16), fingerprint: fingerprintOf(bare(meter.publicKey)) } as const
  const label = { kind: 'breaker', shownBy: 'device', id: drawn('pid breaker', 8), secret: drawn('secret breaker', 16), fingerprint: Buffer.alloc(16) } as const
  return {
    meta: {
      profile: 'FSP-1, docs/security/field-sessions.md',
      source: 'own profile of this project; written by scripts/field-session-vectors.mjs, checked against independent implementations by src/vectors/independent.test.ts',
      note: 'suite 3 (SM1) has none: SM1 is unpublished. Everything random is SM3 of a name, so that these keys protect nothing.',
    },
    pairingCodes: [code, label].map((one) => ({ ...one, id: hexOf(one.id), secret: hexOf(one.secret), fingerprint: hexOf(one.fingerprint), text: encodePairingCode(one) })),
    pairings, sessions, content: contents(),
  }
}

const UP: UpMessage[] = [
  { service: 'confirm', id: 1 },
  { service: 'report', id: 2, at: 1_795_000_000, items: [{ object: 0x0401, value: 2 }, { object: 0x0402, value: 7_000 }] },
  { service: 'read', id: 3, objects: [0x0601, 0x0603] },
  { service: 'result', re: 4, result: 3 },
  { service: 'pairing-code', id: 5, code: 'FSP1:ABC' },
  { service: 'bye' },
]
const DOWN: DownMessage[] = [
  { service: 'answer', re: 3, result: 0, now: 1_795_000_001, items: [{ object: 0x0604, value: -1 }] },
  { service: 'command', id: 6, expires: 1_795_000_031, object: 0x0181, value: 0 },
  { service: 'bye' },
]

function contents(): object[] {
  return [...UP.map((message) => ({ direction: 'up', message, hex: hexOf(writeUp(message)) })), ...DOWN.map((message) => ({ direction: 'down', message, hex: hexOf(writeDown(message)) }))]
}
