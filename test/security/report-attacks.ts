import { CONTROL, encodeApdu } from '@zhuzhan/dlt698'
import { until } from '../e2e/wait.js'
import { objectOf } from './field.js'
import type { Field } from './field.js'
import { frameOf } from './raw-terminal.js'
import { KIND, wrongMac } from './wire-tap.js'

/** Attacks on reports and their confirmations, OSP-1 §7.5. */
export function reportAttacks(field: () => Field): void {
  const storedSoon = (terminal: Field['modeS'], count: number): Promise<boolean> => until(`${count} reports in the readings`, 30, async () => {
    const now = await field().stored(terminal)
    if (now !== count) throw new Error(`${now} reports`)
    return true
  })

  test('a report with a wrong MAC is neither stored nor confirmed; the terminal keeps it until the true one came through', async () => {
    const { tap, modeF, fleet, refused, report, confirmed, stored } = field()
    const before = await stored(modeF)
    await refused('AUTH_FAILED', objectOf(modeF), async () => {
      const caught = tap.ambush(modeF.address, 'up', KIND.report, (passing) => [wrongMac(passing)])
      report(modeF)
      await caught
      expect(fleet.terminals.get(modeF.address)!.reports.waiting).toBe(1)
    })
    await confirmed(modeF)
    await storedSoon(modeF, before + 1)
  }, 120_000)

  test.each([
    ['protected', () => field().modeS, KIND.report, KIND.confirmation],
    ['plain', () => field().plain, KIND.plainReport, ({ data }: { data: Buffer }) => data[0] === 0x08],
  ] as const)('a repeated %s report is answered again and stored once', async (_what, terminalOf, kind, confirmation) => {
    const { tap, report, confirmed, stored } = field()
    const terminal = terminalOf()
    const before = await stored(terminal)
    const answers = (): number => tap.seen(terminal.address, 'down', confirmation).length
    const answered = answers()
    const caught = tap.ambush(terminal.address, 'up', kind, ({ bytes }) => [bytes, bytes])
    report(terminal)
    const { bytes } = await caught
    await confirmed(terminal)
    tap.inject(terminal.address, 'up', bytes)
    await until('three answers', 20, async () => (answers() - answered === 3 ? true : undefined))
    await storedSoon(terminal, before + 1)
    expect(new Set(tap.seen(terminal.address, 'down', confirmation).slice(-3).map((one) => one.frame.data.toString('hex'))).size).toBe(1)
  }, 120_000)

  test('a forged confirmation is not believed: the report stays with the terminal and is confirmed later', async () => {
    const { tap, modeS, fleet, report, confirmed, stored } = field()
    const before = await stored(modeS)
    const { strayConfirmations, securityRefusals } = fleet.counts
    const waiting = (): number => fleet.terminals.get(modeS.address)!.reports.waiting
    const plain = encodeApdu({ apdu: 'report-response', choice: 'record-list', piid: { number: 1, priority: false, acd: false }, oads: ['50020200'], timeTag: undefined })
    const caught = tap.ambush(modeS.address, 'down', KIND.confirmation, (passing) => [wrongMac(passing), frameOf(modeS.address, plain, CONTROL.clientReportAnswer)])
    report(modeS)
    await caught
    await until('the refusal of both', 10, async () => (fleet.counts.strayConfirmations === strayConfirmations + 2 ? true : undefined))
    expect(fleet.counts.securityRefusals).toBe(securityRefusals + 1)
    expect(waiting()).toBe(1)
    await confirmed(modeS)
    await storedSoon(modeS, before + 1)
  }, 120_000)

  test('a report that is older than the window is not answered any more', async () => {
    const { tap, modeF, refused, report, confirmed } = field()
    const old = tap.seen(modeF.address, 'up', KIND.report)[0]!
    for (let n = 0; n < 66; n += 1) report(modeF)
    await confirmed(modeF)
    const answers = tap.seen(modeF.address, 'down', KIND.confirmation).length
    await refused('COUNTER', objectOf(modeF), () => tap.inject(modeF.address, 'up', old.bytes))
    expect(tap.seen(modeF.address, 'down', KIND.confirmation)).toHaveLength(answers)
  }, 120_000)
}
