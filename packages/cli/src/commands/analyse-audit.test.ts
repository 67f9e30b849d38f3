import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { analyseCommand } from './analyse.js'

const folder = mkdtempSync(join(tmpdir(), 'audit-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

interface Answer { energy: { kwh: string }; bill: object; rows: { key: string; code: string; numbers: Record<string, unknown> }[] }

async function audit(...args: string[]): Promise<Answer> {
  const written: string[] = []
  const stdout = import.meta.jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  try {
    const program = new Command().exitOverride()
    analyseCommand(program)
    await program.parseAsync(['analyse', 'audit', ...args, '--json'], { from: 'user' })
    return JSON.parse(written.join('')) as Answer
  } finally {
    stdout.mockRestore()
  }
}

const settings = { contract: { powerFactorStandard: '0.90' }, tariff: { id: 'x', priceCnyPerKwh: { flat: 0.5 }, periods: [] } }
const CASE = { level: 'customer', id: 'c1', month: '2025-04', settings, meters: [{ address: '1', ctRatio: 20 }] }

/** April 2025: a quarter hour of 0.1 kWh each; one row is given by its instant. */
function intervals(header: string, row: (slot: number) => string): string {
  const rows = Array.from({ length: 30 * 96 }, (_, slot) => {
    const local = new Date(Date.UTC(2025, 3, 1) + (slot + 1) * 900_000).toISOString().slice(0, 19)
    return `1,${slot === 5 ? `${local}+08:00` : local.replace('T', ' ')},${row(slot)}`
  })
  return `${header}\n${rows.join('\n')}\n`
}

test('energies of quarter hours, times the ratio, to the fen', async () => {
  const readings = file('intervals.csv', intervals('meter,time,interval_kwh,power_factor', () => '0.1,0.8'))
  const found = await audit('--case', file('case.json', JSON.stringify(CASE)), '--readings', readings)
  // 2,880 x 0.1 x 20 kWh at 0.5; 0.80 is 5 % over.
  expect(found).toMatchObject({ energy: { kwh: '5760' }, bill: { energyCny: '2880', adjustmentCny: '144', totalCny: '3024' } })
})

test('registers at midnights decide', async () => {
  const readings = file('registers.csv', 'meter,time,register_kwh,reactive_kvarh\n1,2025-04-01 00:00,100.00,10\n1,2025-05-01 00:00,400.00,235\n')
  const found = await audit('--case', file('case.json', JSON.stringify(CASE)), '--readings', readings)
  expect(found.energy.kwh).toBe('6000')
  expect(found.rows.find(({ key }) => key === 'powerFactor')).toMatchObject({ code: 'PF_BELOW', numbers: { powerFactor: 0.8 } })
  // Two midnights are no curve: nothing is printed.
  expect(found.bill).toBeNull()
})

test.each(['html', 'pdf', 'xlsx', 'csv', 'json'])('writes the made-up plant as %s', async (format) => {
  const out = join(folder, `plant.${format}`)
  expect(await audit('--demo', '2026-10', '--format', format, '--lang', 'en', '--out', out)).toMatchObject({ out, withheld: false })
  expect(readFileSync(out).length).toBeGreaterThan(2_000)
})

test.each([
  ['a meter the case does not name', 'meter,time,interval_kwh\n2,2025-04-01 00:15,1\n', 'DATA_REFUSED'],
  ['two rows for one time', 'meter,time,interval_kwh\n1,2025-04-01 00:15,1\n1,2025-04-01 00:15,2\n', 'DATA_REFUSED'],
  ['no number', 'meter,time,interval_kwh\n1,2025-04-01 00:15,1e3\n', 'DATA_REFUSED'],
  ['no time', 'meter,time,interval_kwh\n1,today,1\n', 'DATA_REFUSED'],
])('refuses %s', async (_, csv, code) => {
  await expect(audit('--case', file('case.json', JSON.stringify(CASE)), '--readings', file('bad.csv', csv))).rejects.toMatchObject({ code })
})

test('refuses a case that does not fit', async () => {
  const bad = file('bad.json', JSON.stringify({ ...CASE, settings: { contract: { capacityKva: -1 } } }))
  await expect(audit('--case', bad, '--readings', file('r.csv', 'meter,time\n1,2025-04-01\n'))).rejects.toMatchObject({ code: 'BODY_INVALID' })
})
