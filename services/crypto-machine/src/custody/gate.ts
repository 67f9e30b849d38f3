import { HesError } from '@zhuzhan/core'
import type { Machine } from '../app.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'

export interface Opened {
  machine: Machine
  vault: Vault
  provider: KeyProvider
}

/** The machine behind its seal: nothing is there until the master key is, and then it is for the life of the process. */
export interface Gate extends Pick<Machine, 'run' | 'runRead' | 'serving' | 'retire' | 'tick'> {
  readonly opened: Opened | undefined
  /** The key is wiped, whatever happens. @throws HesError CONFIG_INVALID when it is not the one of this database */
  open(masterKey: Buffer): Promise<Opened>
  close(): Promise<void>
}

export function createGate(build: (masterKey: Buffer) => Promise<Opened>): Gate {
  let opened: Opened | undefined
  return {
    get opened() {
      return opened
    },
    get serving() {
      return opened?.machine.serving ?? false
    },
    async run(op, batch, identity) {
      if (!opened) throw new HesError('SEALED')
      return opened.machine.run(op, batch, identity)
    },
    async runRead(op, requests, identity) {
      if (!opened) throw new HesError('SEALED')
      return opened.machine.runRead(op, requests, identity)
    },
    retire: () => opened?.machine.retire(),
    async tick() {
      await opened?.machine.tick()
    },
    async open(masterKey) {
      try {
        return (opened ??= await build(masterKey))
      } finally {
        masterKey.fill(0)
      }
    },
    async close() {
      await opened?.provider.close()
    },
  }
}
