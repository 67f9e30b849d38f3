import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ERRORS, HesError } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import { writeDurably } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { z } from 'zod'
import { ceremony } from '../custody/ceremony-client.js'
import { collect, readShares } from '../custody/shares.js'
import { createOutput } from '../output.js'
import { PROJECT, dataFolder, findDatabase } from '../station.js'

interface RestoreOptions { key?: string; share?: string[]; passphraseFile?: string; replace?: boolean; check?: boolean; json?: boolean }

const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
  z.object({ ok: z.literal(false), code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), message: z.string() }),
])

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
  const database = order.check ? {} : { DATABASE_URL: await findDatabase() }
  const child = spawn(process.execPath, [join(PROJECT, 'services/crypto-machine/dist/restore-main.js'), JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...database },
  })
  child.stdin.end(masterKey, () => masterKey.fill(0))
  let text = ''
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) text += part
  const answer = Answer.safeParse(text.trim() === '' ? undefined : JSON.parse(text))
  if (!answer.success) throw new HesError('INTERNAL', 'the restore ended without an answer')
  if (!answer.data.ok) throw new HesError(answer.data.code, answer.data.message)
  const { result } = answer.data
  const made = new Date(Number(result['createdAt'])).toISOString()
  createOutput(options.json === true).result(result, order.check
    ? `The backup of ${made} is whole: station ${String(result['stationId'])}, ${String(result['devices'])} devices.`
    : [`The crypto machine of ${made} stands in the database again, ${String(result['devices'])} devices; epoch ${String(result['newEpoch'])} begins.`,
      'Start the crypto machine anew now. Tickets, mandates and orders signed before must be signed again; reports are marked replay-unchecked',
      'until their device was heard in a session.'].join('\n'))
}

async function masterKeyOf({ key, share, passphraseFile }: RestoreOptions): Promise<Buffer> {
  if (share === undefined) {
    const file = key ?? (process.env['ZHUZHAN_MASTER_KEY_FILE'] || join(dataFolder(), 'master-key'))
    return readFile(file).catch((error: Error) => { throw new HesError('NOT_FOUND', `${file}: ${error.message}`) })
  }
  const { engine } = await chooseEngine()
  const collector = await collect(engine, await readShares(share), passphraseFile)
  try {
    return await collector.combine()
  } finally {
    collector.wipe()
  }
}
