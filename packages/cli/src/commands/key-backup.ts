import { resolve } from 'node:path'
import { writeDurably } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { ceremony } from '../custody/ceremony-client.js'
import { runMachineProgram } from '../custody/machine-program.js'
import { masterKeyOf } from '../custody/master-key.js'
import type { MasterKeySource } from '../custody/master-key.js'
import { createOutput } from '../output.js'
import { findDatabase } from '../station.js'

interface RestoreOptions extends MasterKeySource { replace?: boolean; check?: boolean; json?: boolean }

/** Backup and restore of the crypto machine's own store. docs/security/ceremonies.md */
export function keyBackupCommands(keys: Command): void {
  keys.command('backup').description('everything the crypto machine on this host keeps, as one file under the master key')
    .requiredOption('--out <file>', 'where to write it; never over a file that is there').option('--json', 'one line of JSON')
    .action(async ({ out, json }: { out: string; json?: boolean }) => {
      let bytes = 0
      const answer = await ceremony('POST', '/backup')
      await writeDurably(out, counted(answer, (length) => (bytes += length)))
      createOutput(json === true).result({ out, bytes }, `${bytes} bytes written to ${out}. It opens with the master key of today only. Try it: zhuzhan keys restore --check ${out}`)
    })
  keys.command('restore').description('put a backup into the database of the crypto machine; a new epoch begins').argument('<file>', 'what `keys backup` wrote')
    .option('--key <file>', 'master key file; the one of the station unless said').option('--share <file...>', 'shares of the officers instead')
    .option('--passphrase-file <file>', 'passphrase of wrapped shares').option('--replace', 'take the place of a machine that is there')
    .option('--check', 'only read the backup to its end').option('--json', 'one line of JSON')
    .action(restore)
}

async function* counted(parts: AsyncIterable<Buffer>, count: (length: number) => void): AsyncGenerator<Buffer> {
  for await (const part of parts) {
    count(part.length)
    yield part
  }
}

async function restore(file: string, options: RestoreOptions): Promise<void> {
  const masterKey = await masterKeyOf(options)
  const order = { file: resolve(file), replace: options.replace === true, check: options.check === true }
  const database: Record<string, string> = order.check ? {} : { DATABASE_URL: await findDatabase() }
  const result = await runMachineProgram('restore-main', order, masterKey, database)
  const made = new Date(Number(result['createdAt'])).toISOString()
  createOutput(options.json === true).result(result, order.check
    ? `The backup of ${made} is whole: station ${String(result['stationId'])}, ${String(result['devices'])} devices.`
    : [`The crypto machine of ${made} stands in the database again, ${String(result['devices'])} devices; epoch ${String(result['newEpoch'])} begins.`,
      'Start the crypto machine anew now. Tickets, mandates and orders signed before must be signed again; reports are marked replay-unchecked',
      'until their device was heard in a session.'].join('\n'))
}
