import type { KeyEvent, MachineIdentity } from './store.js'

/** A row in the names of the ports: `row_mac` is `rowMac`, NULL is absent. */
export type SealedRow = Readonly<Record<string, unknown>>

/** A table with something in it that depends on the master key. */
export interface SealedColumns {
  /** As in the database. */
  table: string
  /** Names of the ports. */
  columns: readonly string[]
}

export interface ResealOrder {
  tables: readonly SealedColumns[]
  /** What the caller read; another one means that somebody was faster. */
  before: MachineIdentity
  after: MachineIdentity
  /** @returns the new content of sealed columns; one that is not named stays */
  seal(table: string, row: SealedRow): Record<string, Buffer>
  /** Asked when every row has been through `seal`. */
  event(): KeyEvent
}

export interface ResealStore {
  /**
   * Every row of these tables, the machine's salt and check value, and the event, in one commit or not at all; nobody owns the machine
   * afterwards. @throws HesError STATE_CONFLICT when the machine is not `before`; whatever `seal` throws
   */
  reseal(order: ResealOrder): Promise<void>
}
