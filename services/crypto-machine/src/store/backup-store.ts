import type { KeyEvent, MachineIdentity } from './store.js'

/** Rows of one table as JSON texts. */
export interface TableRows {
  table: string
  rows: readonly string[]
}

export interface LoadOrder {
  /** Take the place of what is there. Without it a store that was ever used is refused. */
  replace: boolean
  /** The epoch that begins, made from what the backup says of the machine. */
  begin(identity: MachineIdentity): Pick<MachineIdentity, 'epoch' | 'keyCheck'>
  event: KeyEvent
}

export interface BackupStore {
  /** Everything the machine keeps, as one moment saw it, each table after those it refers to. */
  dump(): AsyncGenerator<TableRows>
  /**
   * All of a dump and a new epoch in one commit, or nothing: no process owns the machine then, and every report window is unknown
   * (§7.10). Key events are kept where there are none yet.
   * @throws HesError EXISTS_ALREADY when the store is not empty; STATE_CONFLICT when the dump is of a newer layout; whatever `source` throws
   */
  load(source: AsyncIterable<TableRows>, order: LoadOrder): Promise<void>
}
