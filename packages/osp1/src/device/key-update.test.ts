import { encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { keyUpdateRequest, manifestRequest, octetsOf } from '../field-apdus.js'
import { decodeUpdateAnswer, encodeStage, encodeUpdateHead } from '../key-update.js'
import type { KeyUpdateAnswer, KeyUpdateHead } from '../key-update.js'
import { PURPOSE, PURPOSES, deriveKey, keyCheckValue } from '../keys.js'
import { decodeManifest, judgeModule } from '../manifest.js'
import { NUMBER, ad, dispersion, keysOf, meter, piid, stationSession } from './conformance/station.js'
import type { Answer, Meter, Send } from './conformance/station.js'
import { memoryStore } from './state.js'

/** Key updates and module manifests at the meter. §7.7, §7.8, §7.14 */

const ID = Buffer.from('U-P-D-1-')
const NEW = keysOf(0x40)
const get: Apdu = { apdu: 'get-request', choice: 'normal', piid, oad: '40000200' }
const set: Apdu = { apdu: 'set-request', choice: 'normal', piid, oad: '40050200', data: { type: 'null' } }
const head = (more: Partial<KeyUpdateHead> = {}) => ({ updateId: ID, newState: 1, newVersion: 2, newDispersion: dispersion, ...more })

interface StageOptions {
  from?: { transport: Buffer; d: Buffer }
  carried?: readonly (keyof typeof PURPOSE)[]
}
const stageOf = (more: Partial<KeyUpdateHead> = {}, { from = { transport: keysOf(1).transport, d: dispersion }, carried = PURPOSES }: StageOptions = {}): Buffer =>
  encodeStage(
    deriveKey(from.transport, 'transport', from.d),
    { ad, dispersion: from.d },
    head(more),
    carried.map((purpose) => ({ purpose: PURPOSE[purpose], key: NEW[purpose] })),
  )
const step = (name: 'commit' | 'abort', more: Partial<KeyUpdateHead> = {}): Buffer => encodeUpdateHead({ ...head(more), step: name })

async function update(send: Send, ku: Buffer): Promise<KeyUpdateAnswer | { dar: number } | undefined> {
  const answer = await send(keyUpdateRequest(ku, 1), 7)
  if (!answer || !('apdu' in answer)) return answer as { dar: number } | undefined
  const got = octetsOf(answer.apdu, 'F1000700')
  return got && 'octets' in got ? decodeUpdateAnswer(got.octets) : undefined
}
const kcv = (d = dispersion, updateId = ID): Buffer => keyCheckValue(NEW.session, updateId, d)
const under = (rig: Pick<Meter, 'device'>, asctr: number, keys = NEW) => stationSession(rig, { asctr, auth: keys.session })

describe('a key update at the meter', () => {
  it('goes from stage to commit; each answer proves the new key; the old one opens nothing afterwards', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    expect(await update(old, stageOf())).toEqual({ step: 'stage', updateId: ID, state: 1, kcv: kcv() })
    expect(rig.device.keys()).toEqual({ keyState: 1, keyVersion: 1, pending: { keyState: 1, keyVersion: 2 } })
    // The same bytes again: the same answer.
    expect(await update(old, stageOf())).toEqual({ step: 'stage', updateId: ID, state: 1, kcv: kcv() })
    const fresh = await under(rig, 2)
    expect(await update(fresh, step('commit'))).toEqual({ step: 'commit', updateId: ID, state: 2, kcv: kcv() })
    expect(rig.device.keys()).toEqual({ keyState: 1, keyVersion: 2, pending: undefined })
    expect(await update(fresh, step('commit'))).toMatchObject({ state: 2 })
    await expect(stationSession(rig, { asctr: 3 })).rejects.toThrow('result 2')
    await under(rig, 4)
  })

  // Seen failing without the comparison of session and pending set in field-methods.ts.
  it('takes a commit in mode S only under the pending keys', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    await update(old, stageOf())
    expect(await update(old, step('commit'))).toEqual({ dar: 22 })
    expect(rig.device.keys().keyVersion).toBe(1)
    expect(await update(await under(rig, 2), step('commit'))).toMatchObject({ state: 2 })
  })

  // Seen failing without `limited` in records.ts.
  it('serves only reads and keys in a session under pending keys, and after the commit in one under the old', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    await update(old, stageOf())
    expect(await old(set, 5)).toHaveProperty('apdu')
    const fresh = await under(rig, 2)
    expect(await fresh(get, 3)).toHaveProperty('apdu')
    expect(await fresh(set, 5)).toEqual({ dar: 3 })
    await update(fresh, step('commit'))
    expect(await fresh(set, 5)).toHaveProperty('apdu')
  })

  it('another stage takes the place of the pending one, whose commit then means nothing', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    await update(old, stageOf())
    const other = Buffer.from('U-P-D-2-')
    expect(await update(old, stageOf({ updateId: other, newVersion: 3 }))).toMatchObject({ updateId: other })
    const fresh = await under(rig, 2)
    expect(await update(fresh, step('commit'))).toEqual({ dar: 22 })
    expect(await update(fresh, step('commit', { updateId: other }))).toMatchObject({ state: 2 })
    expect(rig.device.keys().keyVersion).toBe(3)
  })

  it('aborts what is staged, says so when nothing is, and cannot take a commit back', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    expect(await update(old, step('abort'))).toEqual({ step: 'abort', updateId: ID, state: 0, kcv: Buffer.alloc(8) })
    await update(old, stageOf())
    expect(await update(old, step('abort'))).toMatchObject({ state: 0 })
    expect(rig.device.keys().pending).toBeUndefined()
    await update(old, stageOf())
    const fresh = await under(rig, 2)
    await update(fresh, step('commit'))
    expect(await update(fresh, step('abort'))).toMatchObject({ state: 2 })
    expect(rig.device.keys().keyVersion).toBe(2)
  })

  it.each<[string, Buffer]>([
    ['the factory state', stageOf({ newState: 0 })],
    ['a version that is no newer', stageOf({ newVersion: 1 })],
    ['another device', stageOf({ newDispersion: Buffer.alloc(8, 9) })],
    ['keys wrapped for another device', stageOf({}, { from: { transport: Buffer.alloc(16, 0x77), d: dispersion } })],
    ['rubbish', Buffer.from('0101', 'hex')],
    ['a commit of nothing', step('commit')],
  ])('refuses %s with DAR 22 and keeps its keys', async (_name, ku) => {
    const rig = await meter()
    expect(await update(await stationSession(rig), ku)).toEqual({ dar: 22 })
    expect(rig.device.keys()).toEqual({ keyState: 1, keyVersion: 1, pending: undefined })
  })

  it('keeps the keys a stage leaves out', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    const report = await rig.device.sealReport(Buffer.from('8801010000', 'hex'))
    await update(old, stageOf({}, { carried: ['session'] }))
    await update(await under(rig, 2), step('commit'))
    expect(rig.store.saved?.active?.keys).toEqual(
      Object.fromEntries(PURPOSES.map((purpose) => [purpose, (purpose === 'session' ? NEW : keysOf(1))[purpose].toString('hex')])),
    )
    expect(report.id).toBe(1)
  })

  it('seals what waits for a confirmation anew', async () => {
    const rig = await meter()
    const old = await stationSession(rig)
    const report = await rig.device.sealReport(Buffer.from('8801010000', 'hex'))
    expect((await rig.device.repeatReport(report.id))?.apdu).toEqual(report.apdu)
    await update(old, stageOf())
    await update(await under(rig, 2), step('commit'))
    const again = await rig.device.repeatReport(report.id)
    expect(again?.apdu).not.toEqual(report.apdu)
    expect((await rig.device.repeatReport(report.id))?.apdu).toEqual(again?.apdu)
  })

  it('goes from the factory state to the formal one with the D of its own number', async () => {
    const serial = Buffer.from('1122334455667788', 'hex')
    const rig = await meter({ keyState: 0, dispersion: serial })
    const factory = await stationSession(rig, { d: serial })
    expect(await factory(set, 5)).toEqual({ dar: 3 })
    const from = { transport: keysOf(1).transport, d: serial }
    expect(await update(factory, stageOf({}, { from, carried: ['session', 'report'] }))).toEqual({ dar: 22 })
    expect(await update(factory, stageOf({ newDispersion: serial }, { from }))).toEqual({ dar: 22 })
    expect(await update(factory, stageOf({}, { from }))).toMatchObject({ state: 1, kcv: kcv() })
    const formal = await under(rig, 2)
    expect(await update(formal, step('commit'))).toMatchObject({ state: 2 })
    expect(await formal(set, 5)).toHaveProperty('apdu')
  })

  it('has the same keys after every power loss: before it stored, after it stored, after the commit', async () => {
    for (const when of ['staged', 'committed'] as const) {
      const store = memoryStore()
      const rig = await meter({ store })
      await update(await stationSession(rig), stageOf())
      if (when === 'committed') await update(await under(rig, 2), step('commit'))
      const again = await meter({ store })
      expect(again.device.keys()).toEqual(rig.device.keys())
      expect(await update(await under(again, 3), step('commit'))).toMatchObject({ state: 2, kcv: kcv() })
    }
    // Dies while it stores the pending set: no answer that says staged, and nothing staged after it.
    const store = memoryStore()
    let dies = false
    const dying = {
      ...store,
      store: async (state: Parameters<typeof store.store>[0]) => {
        if (dies) throw new Error('power loss')
        await store.store(state)
      },
    }
    const rig = await meter({ store: dying as unknown as ReturnType<typeof memoryStore> })
    const send = await stationSession(rig)
    dies = true
    expect(await update(send, stageOf())).toEqual({ dar: 255 })
    expect(rig.device.keys().pending).toBeUndefined()
    expect((await meter({ store: memoryStore(store.saved) })).device.keys()).toEqual({ keyState: 1, keyVersion: 1, pending: undefined })
  })
})

describe('a module manifest', () => {
  const entry = (slot: number, key: Buffer | 'own' | undefined) => ({
    slot,
    serial: Buffer.alloc(8, slot + 1),
    model: Buffer.from('MGT-01\0\0'),
    version: 0x102,
    firmware: Buffer.alloc(32, slot),
    key,
  })
  const challenge = Buffer.alloc(16, 0xcc)
  const manifest = async (answer: Answer) => {
    const got = answer && 'apdu' in answer ? octetsOf(answer.apdu, 'F1000300') : undefined
    if (!got || !('octets' in got)) throw new Error('no manifest')
    return decodeManifest(got.octets)
  }

  it('is proved by each chip for this session and challenge; the carrier may be without', async () => {
    const modules = [entry(0, 'own'), entry(1, Buffer.alloc(16, 0x55)), entry(2, undefined)]
    const rig = await meter({ modules: () => modules })
    const send = await stationSession(rig)
    const entries = await manifest(await send(manifestRequest(challenge, 1), 3))
    const keyOf = (key: Buffer, slot: number) => deriveKey(key, 'pairing', Buffer.alloc(8, slot + 1))
    const keys = [keyOf(keysOf(1).pairing, 0), keyOf(Buffer.alloc(16, 0x55), 1), undefined]
    const context = { transcriptHash: send.keys.transcriptHash, challenge, dispersion }
    expect(entries.map((one, i) => judgeModule(keys[i], context, one))).toEqual(['proved', 'proved', 'declared'])
    expect(judgeModule(keys[0], { ...context, challenge: Buffer.alloc(16) }, entries[0] as (typeof entries)[0])).toBe('wrong')
  })

  it('is not shown for another form of the method', async () => {
    const rig = await meter({ modules: () => [entry(0, 'own')] })
    const send = await stationSession(rig)
    const other: Apdu = { apdu: 'action-request', choice: 'normal', piid, omd: 'F1000300', parameter: { type: 'sid', sid: 'F1050000', attach: 'AB' } }
    expect(await send(other, 3)).toHaveProperty('apdu')
    expect(rig.acted).toHaveLength(1)
    expect(encodeApdu(other).length).toBeGreaterThan(0)
    expect(NUMBER).toHaveLength(12)
  })
})
