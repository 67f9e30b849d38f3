import { onEveryStore } from '../conformance/every-store.js'
import { describeMasterKeyChange } from '../conformance/master-key-suite.js'
import { SEALED_TABLES } from './sealed-tables.js'

onEveryStore([describeMasterKeyChange], (open) => {
  // A table that comes later and is forgotten here would be unreadable after a change.
  it('no column of the database that depends on the master key is left out', async () => {
    const { rows } = await open().query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'crypto_machine' AND data_type = 'bytea' AND (column_name ~ '(wrapped|sealed|secret|private|stage)' OR column_name IN ('row_mac', 'issued_key'))`,
    )
    const known = SEALED_TABLES.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`))
    expect(known.sort()).toEqual(rows.map(({ name }) => name).sort())
  })
})
