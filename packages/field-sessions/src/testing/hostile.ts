import { randomBytes } from 'node:crypto'
import { decode, encode } from '@zhuzhan/codec'
import type { Sm2Engine, Sm2KeyPair } from '@zhuzhan/gm-crypto'
import { softSm4 } from '../cipher/soft-sm4.js'
import type { Belonging } from '../device/types.js'
import { checkAcceptBlock, makeAuthBlock, sessionKeysBlock, withLinkKeys } from '../handshake-block.js'
import { acceptAcceptSm2, makeAuthSm2 } from '../handshake-sm2.js'
import { KINDS, suiteOf } from '../kinds.js'
import { Challenge, Hello, messageOf, readMessage } from '../message.js'
import type { FieldContext } from '../message.js'
import { openRecord, sealRecord } from '../record.js'
import type { SessionKeys } from '../record.js'
import { LABORATORY, MID } from './rig.js'
import type { Rig, RigDevice } from './rig.js'

/** An authentic device with a program of its own: it seals whatever it likes. Gives back the meter's plain answer. */
export type Say = (content: Uint8Array) => Promise<Buffer | undefined>

export async function hostile(rig: Rig, engine: Sm2Engine, device: RigDevice, belonging: Belonging): Promise<Say> {
  const { kind, pid } = device
  const c: FieldContext = { kind, pid, mid: MID, suite: suiteOf(kind, LABORATORY) }
  const ask = async (type: 'hello' | 'auth' | 'recordUp', body: Buffer): Promise<Buffer | undefined> => {
    const answer = await rig.meter.receive(KINDS[kind].boundary, messageOf(c, type, body))
    return answer && readMessage(answer).body
  }
  const nD = randomBytes(16)
  const { slot, cookie } = decode(Challenge, (await ask('hello', encode(Hello, { nD, zero: Buffer.alloc(4) }))) ?? Buffer.alloc(0))
  const keys = await open(nD, { nD, slot, cookie })
  let seq = 0

  async function open(own: Buffer, asked: { nD: Buffer; slot: Buffer; cookie: Buffer }): Promise<SessionKeys> {
    if (c.suite.authentication === 'block') {
      return withLinkKeys(softSm4, belonging.link ?? Buffer.alloc(0), c, async (link) => {
        const auth = await makeAuthBlock(link, c, asked)
        const { nS } = await checkAcceptBlock(link, c, auth, (await ask('auth', auth)) ?? Buffer.alloc(0))
        return sessionKeysBlock(softSm4, link, c, own, nS)
      })
    }
    const [identity, ephemeral] = [device.options.identity as Sm2KeyPair, await engine.generateKeyPair()]
    const auth = await makeAuthSm2(engine, c, identity, c.suite.paired ? belonging.link : undefined, asked, ephemeral)
    const accept = (await ask('auth', auth)) ?? Buffer.alloc(0)
    return (await acceptAcceptSm2(engine, softSm4, c, { own: identity, ephemeral, peerKey: belonging.meterKey ?? Buffer.alloc(0) }, auth, accept)).keys
  }

  return async (content) => {
    const answer = await ask('recordUp', await sealRecord(keys.up, c, 'up', ++seq, content))
    return answer && (await openRecord(keys.down, c, 'down', answer)).content
  }
}

/** A device of a kind that belongs to the rig's meter, and what it knows of it. */
export async function knownDevice(rig: Rig, kind: RigDevice['kind']): Promise<{ device: RigDevice; belonging: Belonging }> {
  let belonging: Belonging | undefined
  const device = await rig.device(kind, { onBelonging: async (made) => void (belonging = made) })
  await rig.connect(device)
  belonging ??= device.options.belonging
  if (!belonging) throw new Error('the device belongs to no meter')
  return { device, belonging }
}
