import { randomBytes } from 'node:crypto'
import { knownReports } from '@zhuzhan/osp1'
import { onEveryStore } from '../conformance/every-store.js'
import { freshPostgres } from '../conformance/fresh-store.js'
import { describeRestore } from '../conformance/restore-suite.js'
import { newDevice } from '../conformance/store-suite.js'
import { createReportWindows } from '../reports/report-windows.js'
import type { TableRows } from '../store/backup-store.js'
import { createPgStore } from '../store/pg-store.js'

// In PostgreSQL it is the same database emptied: what is lost is lost.
onEveryStore([describeRestore], (open) => {
  it('no table of the machine is left out: the dump has a row of each that has one', async () => {
    const { rows } = await open().query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE relnamespace = 'crypto_machine'::regnamespace AND relkind = 'r'")
    const filled: string[] = []
    for (const { name } of rows) if ((await open().query(`SELECT 1 FROM crypto_machine.${name} LIMIT 1`)).rowCount) filled.push(name)
    const dumped = new Set<string>()
    for await (const { table } of createPgStore(open()).dump()) dumped.add(table)
    expect([...dumped].sort()).toEqual(filled.sort())
    expect(filled.length).toBeGreaterThan(4)
  })

  const ORDER = { replace: true, begin: () => ({ epoch: randomBytes(8), keyCheck: Buffer.from('check') }), event: { kind: 'restored', subject: 'test' } }
  const filledStore = async () => {
    const store = (await freshPostgres(open)())()
    await store.identity(() => ({ epoch: randomBytes(8), salt: randomBytes(16), keyCheck: randomBytes(40) }))
    await store.takeOver('test')
    const [device] = await store.enrol([newDevice()], 'test')
    return { store, id: device?.id ?? 0 }
  }

  it('reads a backup made when each report of a window was a row: the reports are known', async () => {
    const { store, id } = await filledStore()
    const rows = [70, 3, 69].map((rspctr) => JSON.stringify({ device_id: id, slot: rspctr % 64, rspctr, rn: `\\x${rspctr.toString(16).padStart(8, '0')}${'07'.repeat(8)}`, mac: `\\x${'01'.repeat(8)}` }))
    const parts: TableRows[] = [{ table: 'report_entry', rows }]
    for await (const part of store.dump()) if (!part.table.startsWith('report_')) parts.push(part)
    await store.load((async function* () { yield* parts })(), ORDER)
    await store.takeOver('again')
    const loaded = (await createReportWindows({ store }).load([id])).get(id)
    expect([loaded?.windowKnown, loaded?.window.highest]).toEqual([false, 70])
    // 3 has left the window of 70.
    expect(knownReports(loaded?.window.packed() ?? Buffer.alloc(0))).toEqual([69, 70].map((rspctr) => expect.objectContaining({ rspctr, mac: Buffer.alloc(8, 1) }) as unknown))
  })

  // Mutation seen failing: the numbers go on above the records that are there, and not above those the windows hold.
  it('a record after a restore is above all that windows hold', async () => {
    const { store, id } = await filledStore()
    await store.keepWindows([{ deviceId: id, known: Buffer.alloc(0) }], 500)
    const parts: TableRows[] = []
    for await (const part of store.dump()) parts.push(part)
    await store.load((async function* () { yield* parts })(), ORDER)
    await store.takeOver('again')
    expect(await store.markReports([{ deviceId: id, rn: Buffer.alloc(12), mac: Buffer.alloc(8) }])).toBeGreaterThan(500)
  })
})
