import { readFileSync } from 'node:fs'
import { ENGINE_NAMES, createEngine } from '@zhuzhan/gm-crypto'
import { runVectors } from './run.js'

const file = JSON.parse(readFileSync(new URL('../../../gm-crypto/vectors/vectors-sm.json', import.meta.url), 'utf8')) as Record<
  string,
  never
>

describe.each(ENGINE_NAMES)('runVectors with the %s engine', (name) => {
  const engine = createEngine(name)
  afterAll(() => engine.close())

  it('passes every case of the reference file and skips none', async () => {
    const report = await runVectors(file, { engine })
    expect(report.failures).toEqual([])
    expect(report.unknown).toEqual([])
    expect(report).toMatchObject({ failed: 0, skipped: 0 })
    expect(report.passed).toBeGreaterThan(150)
  }, 120_000)
})

/** Secrets and nonces that only make a message; a receiver never sees them. */
const MAKING_ONLY = new Set(['id', 'source', 'note', 'kSig', 'kSig1', 'kSig2', 'dOperator', 'kOperator', 'dApprover', 'kApprover', 'label'])

/** Every byte string of every case, each with its lowest bit of some byte changed, as cases that must be refused. */
function everyFieldChanged(profile: Record<string, Record<string, unknown>[]>): object[] {
  const more: object[] = []
  for (const [section, cases] of Object.entries(profile)) {
    for (const base of cases) {
      const records = (base['records'] ?? []) as Record<string, unknown>[]
      const fields: [string, unknown][] = [
        ...Object.entries(base),
        ...records.flatMap((record, i) => Object.entries(record).map(([key, value]): [string, unknown] => [`records[${i}].${key}`, value])),
      ]
      for (const [field, value] of fields) {
        if (MAKING_ONLY.has(field.replace(/^.*\./, '')) || field === 'base') continue
        if (typeof value === 'number')
          more.push({ id: `${String(base['id'])}.${field}`, section, base: base['id'], field, value: value + 1 })
        if (typeof value !== 'string' || !/^([0-9a-f]{2})+$/.test(value)) continue
        for (const at of new Set([0, value.length / 4, value.length / 2 - 1].map(Math.floor))) {
          const bytes = Buffer.from(value, 'hex')
          bytes[at] = (bytes[at] ?? 0) ^ 1
          more.push({ id: `${String(base['id'])}.${field}[${at}]`, section, base: base['id'], field, value: bytes.toString('hex') })
        }
      }
    }
  }
  return more
}

describe('runVectors on changed and unknown input', () => {
  const engine = createEngine('openssl')
  afterAll(() => engine.close())
  const profile = file['openSessionProfile'] as unknown as Record<string, Record<string, unknown>[]>

  it('refuses every single change of every field of every section', async () => {
    const more = everyFieldChanged(profile)
    const report = await runVectors(
      { openSessionProfile: profile as never, openSessionProfileInvalid: { base: 's-S-1', cases: [], more } },
      { engine },
    )
    expect(report.failures).toEqual([])
    expect(more.length).toBeGreaterThan(300)
  }, 120_000)

  it('refuses every message a second time', async () => {
    const more = Object.entries(profile)
      .filter(([section]) => !['diversify', 'regionDiversify', 'derivedKeys'].includes(section))
      .flatMap(([section, cases]) => cases.map((base) => ({ id: `${section}-again`, section, base: base['id'], field: null, value: null })))
    const report = await runVectors(
      { openSessionProfile: profile as never, openSessionProfileInvalid: { base: 's-S-1', cases: [], more } },
      { engine },
    )
    expect(report.failures).toEqual([])
  }, 60_000)

  it('reports a wrong expectation, a missing base, an unknown field and unknown sections', async () => {
    const broken = structuredClone(profile)
    Object.assign(broken['readProof']?.[0] ?? {}, { mac: '00'.repeat(16) })
    const report = await runVectors(
      {
        openSessionProfile: { ...broken, futureThing: [{ id: 'x' }] } as never,
        openSessionProfileInvalid: {
          base: 's-S-1',
          cases: [],
          more: [
            { id: 'a', section: 'report', base: 'nobody', field: 'mac', value: '00' },
            { id: 'b', section: 'report', base: 's-rpt', field: 'nothing', value: '00' },
            { id: 'c', section: 'report', base: 's-rpt', field: 'mac', value: (profile['report']?.[0] ?? {})['mac'] },
          ],
        },
        sm9: [{ id: 'y' }, { id: 'z' }],
      },
      { engine },
    )
    expect(report.failures.map(({ id }) => id)).toEqual(['s-rdp', 'a', 'b', 'c'])
    expect(report.skipped).toBe(3)
    expect(report.unknown.map(({ section }) => section)).toEqual(['openSessionProfile.futureThing', 'sm9'])
  }, 60_000)
})
