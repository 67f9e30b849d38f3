import { randomBytes } from 'node:crypto'
import { chooseEngine, createEngine } from '@zhuzhan/gm-crypto'
import fc from 'fast-check'
import { combine } from 'shamir-secret-sharing'
import { createCollector, masterKeyFingerprint, parseCustodySet, readShareFile, sameSet, splitMasterKey, writeShareFile } from './index.js'
import { SIGNATURE_BYTES, shareInput } from './split.js'

const engine = createEngine('noble')
afterAll(() => engine.close())
const OFFICERS = ['Lin', 'Wang', 'Zhao', 'Chen', 'Sun']
const KEY = Buffer.from('a master key of the laboratory, 43 letters ok')
const refusal = (reason: string) => ({ code: 'SHARE_REFUSED', context: expect.objectContaining({ reason }) })
const made = splitMasterKey(engine, KEY, 3, OFFICERS)

describe('a master key among officers', () => {
  it('comes back from any three of five, in any order', async () => {
    const { set, payloads } = await made
    for (const picked of [[1, 2, 3], [5, 1, 4], [3, 2, 5]]) {
      const collector = createCollector(engine, set)
      for (const [i, number] of picked.entries()) {
        expect(collector.missing).toBe(3 - i)
        await collector.offer(set.set, number, payloads[number - 1] as Buffer)
      }
      expect([collector.missing, collector.given]).toEqual([0, [...picked].sort()])
      expect(await collector.combine()).toEqual(KEY)
      collector.wipe()
      expect([collector.missing, collector.given]).toEqual([3, []])
    }
  })

  it('whatever its bytes, threshold and officers are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 80 }), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 0, max: 3 }), async (key, threshold, spare) => {
        const officers = Array.from({ length: threshold + spare }, (_, i) => `officer ${i}`)
        const { set, payloads } = await splitMasterKey(engine, key, threshold, officers)
        const collector = createCollector(engine, set)
        for (const number of fc.sample(fc.shuffledSubarray(officers.map((_, i) => i + 1), { minLength: threshold, maxLength: threshold }), 1)[0] ?? [])
          await collector.offer(set.set, number, payloads[number - 1] as Buffer)
        expect(await collector.combine()).toEqual(Buffer.from(key))
      }),
      { numRuns: 5 },
    )
  }, 60_000)

  it('does not come from two, and two shares fit every key alike', async () => {
    const { set, payloads } = await made
    const collector = createCollector(engine, set)
    await collector.offer(set.set, 1, payloads[0] as Buffer)
    await collector.offer(set.set, 2, payloads[1] as Buffer)
    await expect(collector.combine()).rejects.toMatchObject(refusal('wrong'))
    // For any other key there is a third share that gives it: two shares alone favour none.
    const shares = payloads.map((payload) => Uint8Array.from(payload.subarray(0, -SIGNATURE_BYTES)))
    const [one, two, three] = shares as [Uint8Array, Uint8Array, Uint8Array]
    const seen = new Set<number>()
    for (let y = 0; y < 256; y++) {
      three[0] = y
      seen.add((await combine([one, two, three]))[0] as number)
    }
    expect(seen.size).toBe(256)
  })

  it('refuses thresholds and officers that make no sense', async () => {
    for (const [threshold, officers] of [[1, OFFICERS], [6, OFFICERS], [2, ['Lin', 'Lin']], [2, ['Lin']], [2, ['Lin', 'a\nb']]] as const)
      await expect(splitMasterKey(engine, KEY, threshold, officers)).rejects.toMatchObject({ code: 'BODY_INVALID' })
    await expect(splitMasterKey(engine, Buffer.alloc(15), 2, OFFICERS)).rejects.toMatchObject({ code: 'BODY_INVALID' })
  })
})

describe('shares that are not taken, each for its one reason', () => {
  it('repeated; of another set; changed anywhere; under another number', async () => {
    const { set, payloads } = await made
    const collector = createCollector(engine, set)
    const [first, second] = payloads as [Buffer, Buffer]
    await collector.offer(set.set, 1, first)
    await expect(collector.offer(set.set, 1, first)).rejects.toMatchObject(refusal('repeated'))
    // Switched off (no signature check in the collector), every one of these is taken.
    for (let at = 0; at < second.length; at++) {
      const changed = Buffer.from(second)
      changed[at] = (changed[at] ?? 0) ^ 1
      await expect(collector.offer(set.set, 2, changed)).rejects.toMatchObject(refusal('wrong'))
    }
    await expect(collector.offer(set.set, 3, second)).rejects.toMatchObject(refusal('wrong'))
    for (const number of [0, 6]) await expect(collector.offer(set.set, number, second)).rejects.toMatchObject(refusal('wrong'))
    await expect(collector.offer(set.set, 2, Buffer.alloc(10))).rejects.toMatchObject(refusal('wrong'))
    const other = await splitMasterKey(engine, KEY, 3, OFFICERS)
    await expect(collector.offer(set.set, 2, other.payloads[1] as Buffer)).rejects.toMatchObject(refusal('wrong'))
    await expect(collector.offer(other.set.set, 2, other.payloads[1] as Buffer)).rejects.toMatchObject(refusal('foreign'))
    // None of it shut anybody out.
    await collector.offer(set.set, 2, second)
    await collector.offer(set.set, 3, payloads[2] as Buffer)
    expect(await collector.combine()).toEqual(KEY)
  })

  it('one that says what the key is, at the place where the secret lies', async () => {
    // Genuine in form: whoever makes the set signs it. Switched off (no look at the last byte), the key is the forger's.
    const pair = await engine.generateKeyPair()
    const { set } = await made
    const own = { ...set, publicKey: pair.publicKey.toString('hex').toUpperCase() }
    const share = Buffer.concat([randomBytes(KEY.length), Buffer.of(0)])
    const payload = Buffer.concat([share, await engine.sign(pair.privateKey, Buffer.from('1234567812345678'), shareInput(own, 1, share))])
    await expect(createCollector(engine, own).offer(own.set, 1, payload)).rejects.toMatchObject(refusal('wrong'))
  })

  it('genuine ones of a set whose fingerprint was changed', async () => {
    const pair = await splitMasterKey(engine, KEY, 2, OFFICERS)
    const collector = createCollector(engine, { ...pair.set, fingerprint: '00'.repeat(8) })
    await expect(collector.offer(pair.set.set, 1, pair.payloads[0] as Buffer)).rejects.toMatchObject(refusal('wrong'))
  })
})

describe('share files', () => {
  it('say who, which and of what, and give the share back', async () => {
    const { set, payloads } = await made
    const read = readShareFile(writeShareFile(set, 2, payloads[1] as Buffer))
    expect(read).toMatchObject({ number: 2, officer: 'Wang', wrapped: false })
    expect(sameSet(read.set, parseCustodySet(JSON.stringify(set)))).toBe(true)
    expect(sameSet(read.set, { ...set, threshold: 2 })).toBe(false)
    expect(read.open()).toEqual(payloads[1])
  })

  it('find every single letter that is changed, and every cut', async () => {
    const { set, payloads } = await made
    const text = writeShareFile(set, 2, payloads[1] as Buffer)
    const data = text.replace(/\s/g, '')
    let changed = 0
    for (let at = 0; at < text.length; at++) {
      const letter = text[at] as string
      if (!/[0-9A-Za-z]/.test(letter)) continue
      changed++
      const other = letter === '7' ? '8' : '7'
      expect(() => readShareFile(text.slice(0, at) + other + text.slice(at + 1))).toThrow(expect.objectContaining(refusal('damaged')))
    }
    expect(changed).toBeGreaterThan(400)
    for (const cut of [0, 10, data.length / 2, data.length - 1]) expect(() => readShareFile(data.slice(0, cut))).toThrow(expect.objectContaining(refusal('damaged')))
  })

  it('under a passphrase open with it alone, and hold neither share nor signature in clear', async () => {
    const { set, payloads } = await made
    const payload = payloads[3] as Buffer
    const text = writeShareFile(set, 4, payload, Buffer.from('correct horse battery'), 16)
    expect(text).not.toContain(payload.subarray(0, 16).toString('hex').toUpperCase())
    const read = readShareFile(text)
    expect(read.wrapped).toBe(true)
    expect(read.open(Buffer.from('correct horse battery'))).toEqual(payload)
    expect(() => read.open(Buffer.from('correct horse batterz'))).toThrow(expect.objectContaining(refusal('passphrase')))
    expect(() => read.open()).toThrow(expect.objectContaining(refusal('passphrase')))
  })
})

it('a fingerprint depends on key and set and shows neither', async () => {
  const { set } = await made
  expect(masterKeyFingerprint(KEY, set.set)).toBe(set.fingerprint)
  expect(masterKeyFingerprint(KEY, '00'.repeat(8))).not.toBe(set.fingerprint)
  expect(masterKeyFingerprint(Buffer.concat([KEY, Buffer.of(0)]), set.set)).not.toBe(set.fingerprint)
})

it('shares made with one engine are taken by the other', async () => {
  const { engine: chosen } = await chooseEngine()
  const { set, payloads } = await made
  const collector = createCollector(chosen, set)
  await collector.offer(set.set, 5, payloads[4] as Buffer)
  expect(collector.missing).toBe(2)
})
