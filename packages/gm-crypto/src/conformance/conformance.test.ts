import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ENGINE_NAMES, createEngine } from '../sm2/choose.js'
import { sm3 } from '../sm3.js'
import { sm4CbcEncrypt } from '../sm4/block.js'
import { ASYMMETRIC_CHECKS } from '../vectors/asymmetric.js'
import type { VectorCase } from '../vectors/case.js'
import { judgeCase } from '../vectors/judge.js'
import { SYMMETRIC_CHECKS } from '../vectors/symmetric.js'
import { hex, oracle } from './oracle.js'
import { sm2EngineConformance } from './sm2-engine.js'

const vectors = JSON.parse(readFileSync(new URL('../../vectors/vectors-sm.json', import.meta.url), 'utf8')) as Record<string, VectorCase[]>

describe.each(ENGINE_NAMES)('engine %s', (name) => {
  const others = ENGINE_NAMES.filter((other) => other !== name).map((other) => [other, () => createEngine(other)] as const)
  sm2EngineConformance(() => createEngine(name), Object.fromEntries(others))
})

describe('symmetric vectors', () => {
  const engine = createEngine('noble')
  describe.each(Object.entries(SYMMETRIC_CHECKS))('%s', (section, check) => {
    it.each((vectors[section] ?? []).map((c) => [String(c['id']), c] as const))(
      '%s',
      async (_id, c) => {
        expect(await judgeCase(check, c, engine)).toBeUndefined()
      },
      60_000,
    )
  })
})

describe('the runner itself', () => {
  it('fails a valid case marked invalid and an invalid one marked valid', async () => {
    const engine = createEngine('noble')
    const good = { ...vectors['sm2VerifyInvalid']?.[0], valid: false }
    const bad = { ...vectors['sm2VerifyInvalid']?.[1], valid: true }
    const check = ASYMMETRIC_CHECKS['sm2VerifyInvalid']
    if (!check) throw new Error('section missing')
    expect(await judgeCase(check, good, engine)).toContain('must be refused')
    expect(await judgeCase(check, bad, engine)).toContain('refused')
    expect(await judgeCase(check, { id: 'x', valid: false }, engine)).toBe('nothing was checked')
  })
})

it('SM3 and SM4-CBC equal the oracle for any input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 16, maxLength: 16 }), (message, key) => {
      expect(hex(sm3(message))).toBe(oracle.sm3([...message]))
      const theirs = oracle.sm4.encrypt([...message], [...key], { mode: 'cbc', iv: hex(key), padding: 'pkcs#7' })
      expect(hex(sm4CbcEncrypt(key, key, message, 'pkcs7'))).toBe(theirs)
    }),
    { numRuns: 40 },
  )
})
