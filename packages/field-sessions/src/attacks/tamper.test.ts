import { createEngine } from '@zhuzhan/gm-crypto'
import { writeUp } from '../content.js'
import { KINDS } from '../kinds.js'
import type { Kind } from '../kinds.js'
import { TYPE } from '../message.js'
import { ACCESS, OBJECTS } from '../objects.js'
import { startRig } from '../testing/rig.js'
import type { Rig, RigDevice } from '../testing/rig.js'
import { mutants } from '../testing/tamper.js'

const engine = createEngine('openssl')
afterAll(() => engine.close())
const kinds = Object.keys(KINDS) as Kind[]

/** Something this kind may say. */
const speak = (device: RigDevice): Promise<Buffer> => {
  const { reports, reads } = ACCESS[device.kind]
  if (reports[0]) return device.report([{ object: reports[0], value: 1 }])
  return reads[0] ? device.read([reads[0]]) : device.sendFrame(Buffer.from('68 a frame of the collection protocol 16'))
}
const typeOf = (message: Buffer): number => message[2] ?? 0

/** Carry a conversation, but before each message all its mutants. Returns what became of the mutants. */
async function conversation(rig: Rig, device: RigDevice, first: Buffer, skip: readonly number[]): Promise<{ answered: number; sent: number }> {
  const { boundary } = KINDS[device.kind]
  let [answered, sent] = [0, 0]
  let up: Buffer | undefined = first
  while (up) {
    if (!skip.includes(typeOf(up))) {
      for (const mutant of mutants(up)) {
        // SM2 work of strangers has a budget; it must be the signature that refuses, not the budget.
        if (typeOf(up) === TYPE.auth) rig.clock.advance(200)
        sent++
        if (await rig.meter.receive(boundary, mutant)) answered++
      }
    }
    const down: Buffer | undefined = await rig.meter.receive(boundary, up)
    if (!down) break
    if (!skip.includes(typeOf(down))) {
      for (const mutant of mutants(down)) {
        sent++
        if (await device.receive(mutant)) answered++
      }
    }
    up = await device.receive(down)
  }
  return { answered, sent }
}

// Mutations seen failing, one at a time: acceptPairSm2 and acceptPairBlock without their tag; checkAuthBlock, checkAuthSm2,
// checkAcceptBlock, acceptAcceptSm2 without their check; openRecord of ctr-hmac without the comparison. (The head in the
// transcripts is a second line: the keys are bound to kind, suite, PID and MID as well.)
describe.each(kinds)('A2 tamper: %s', (kind) => {
  it('no byte of any authenticated message can be changed, and nothing that was tried does harm', async () => {
    const rig = await startRig({ engine, onFrame: async (_pid, frame) => frame })
    const device = await rig.device(kind)
    // HELLO and its question are not authenticated: A15 says what forged ones do.
    const skip = [TYPE.hello, TYPE.challenge]
    if (KINDS[kind].boundary === 'bluetooth') {
      const pairing = await conversation(rig, device, await device.pair(rig.meter.showPairingCode(kind)), skip)
      expect(pairing.answered).toBe(0)
      expect(device.state).toBe('idle')
    } else {
      await rig.meter.enrol({ kind, pid: device.pid, publicKey: device.options.identity?.publicKey ?? Buffer.alloc(0), testReport: 'x' })
    }
    const session = await conversation(rig, device, device.hello(), skip)
    expect({ answered: session.answered, state: device.state }).toEqual({ answered: 0, state: 'connected' })
    const words = await conversation(rig, device, await speak(device), skip)
    expect(words.answered).toBe(0)
    // The true message came through after all of them.
    expect(device.events.at(-1)).toMatchObject(kind === 'modular-terminal' ? { kind: 'frame' } : { kind: 'answered', result: 0 })
    expect(words.sent).toBeGreaterThan(40)
    expect(rig.events.filter((event) => ['paired', 'connected', 'established'].includes(event.kind)).length).toBe(KINDS[kind].boundary === 'bluetooth' ? 3 : 2)
    expect(device.events.filter((event) => event.kind === 'connected')).toHaveLength(1)
    expect(rig.events.filter((event) => event.kind === 'accepted')).toHaveLength(ACCESS[kind].reports.length > 0 ? 1 : 0)
  }, 60_000)
})

/** Does any run of `length` bytes of a secret stand in the capture? */
function leaks(capture: Buffer, secret: Buffer, length: number): boolean {
  for (let at = 0; at + length <= secret.length; at++) if (capture.includes(secret.subarray(at, at + length))) return true
  return false
}

// Mutation seen failing: sealRecord writing the content in place of the ciphertext (both protections).
it.each(kinds)('A1 eavesdrop: %s says nothing anybody else could read', async (kind) => {
  const rig = await startRig({ engine })
  const device = await rig.device(kind)
  await rig.connect(device)
  await rig.carry(device, await speak(device))
  const secrets = [...rig.store.records.values()].flatMap(({ link }) => (link ? [link] : []))
  const { reports, reads } = ACCESS[kind]
  const at = Math.floor(rig.clock.now() / 1000)
  const content = reports[0]
    ? writeUp({ service: 'report', id: 2, at, items: [{ object: OBJECTS[reports[0]].code, value: 1 }] })
    : reads[0] ? writeUp({ service: 'read', id: 2, objects: [OBJECTS[reads[0]].code] }) : Buffer.from('68 a frame of the collection protocol 16')
  const capture = Buffer.concat(rig.capture.map(({ bytes }) => bytes))
  expect(content.length).toBeGreaterThanOrEqual(8)
  expect(leaks(capture, content, 8)).toBe(false)
  for (const secret of secrets) expect(leaks(capture, secret, 8)).toBe(false)
})
