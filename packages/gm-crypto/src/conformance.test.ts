import { readFileSync } from 'node:fs'
import { ENGINE_NAMES, createEngine } from './sm2/choose.js'
import { ASYMMETRIC_CHECKS } from './vectors/asymmetric.js'
import type { VectorCase } from './vectors/case.js'
import { judgeCase } from './vectors/judge.js'
import { SYMMETRIC_CHECKS } from './vectors/symmetric.js'

/** Source of the vectors: see vectors/README.md. */
const vectors = JSON.parse(readFileSync(new URL('../vectors/vectors-sm.json', import.meta.url), 'utf8')) as Record<string, VectorCase[]>

describe.each(ENGINE_NAMES)('vectors with the %s engine', (name) => {
  const engine = createEngine(name)
  afterAll(() => engine.close())

  describe.each(Object.entries(ASYMMETRIC_CHECKS))('%s', (section, check) => {
    it.each((vectors[section] ?? []).map((c) => [String(c['id']), c] as const))('%s', async (_id, c) => {
      expect(await judgeCase(check, c, engine)).toBeUndefined()
    })
  })
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
