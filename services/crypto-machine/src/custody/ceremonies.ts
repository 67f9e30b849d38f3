import { HesError } from '@zhuzhan/core'
import type { Vault } from '../keys/vault.js'
import type { Ceremonies } from './ceremony-server.js'
import type { Gate } from './gate.js'
import type { Unsealing } from './unsealing.js'

export interface CeremonyOptions {
  gate: Gate
  unsealing: Unsealing | undefined
  /** The parts of a backup's file. */
  backup(vault: Vault): AsyncIterable<Buffer>
}

/** What may be asked over the ceremony socket. `unsealing` is there when the master key is in custody. */
export function ceremonies({ gate, unsealing, backup }: CeremonyOptions): Ceremonies {
  return {
    'GET /seal': () => ({ json: unsealing?.state() ?? { sealed: gate.opened === undefined } }),
    'POST /share': async ({ header, body }) => {
      if (!unsealing) throw new HesError('STATE_CONFLICT', 'the master key of this crypto machine is not in custody')
      return { json: await unsealing.give(header('x-custody-set'), Number(header('x-share-number')), body) }
    },
    'POST /backup': () => {
      if (!gate.opened) throw new HesError('SEALED')
      return { bytes: backup(gate.opened.vault) }
    },
  }
}
