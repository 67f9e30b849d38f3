import { onEveryStore } from '../conformance/every-store.js'
import { describeRestore } from '../conformance/restore-suite.js'
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
})
