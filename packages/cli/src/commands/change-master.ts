import { randomBytes } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import type { Command } from 'commander'
import { runMachineProgram } from '../custody/machine-program.js'
import { keyFile, masterKeyOf } from '../custody/master-key.js'
import type { MasterKeySource } from '../custody/master-key.js'
import { writeSplit } from '../custody/split-files.js'
import type { SplitFiles } from '../custody/split-files.js'
import { createOutput } from '../output.js'
import { findDatabase } from '../station.js'

interface ChangeOptions extends MasterKeySource {
  newKey?: string
  threshold?: string
  officers?: string
  out?: string
  wrap?: boolean
  passphrases?: string
  json?: boolean
}

/** Another master key for the whole store of the crypto machine. docs/security/ceremonies.md */
export function changeMasterCommand(keys: Command): void {
  keys.command('change-master').description('seal everything the crypto machine keeps anew, under another master key')
    .option('--key <file>', 'the old master key; the one of the station unless said').option('--share <file...>', 'shares of the officers of the old one instead')
    .option('--passphrase-file <file>', 'passphrase of wrapped old shares')
    .option('--new-key <file>', 'the new master key is in this file (laboratories); without it one is drawn and split:')
    .option('--threshold <number>', 'new shares it takes, at least 2').option('--officers <names>', 'the new officers, separated by commas')
    .option('--out <folder>', 'new folder for the new custody.json and one file a share')
    .option('--wrap', 'ask each new officer for a passphrase and wrap the share under it').option('--passphrases <file>', 'the same, one line an officer')
    .option('--json', 'one line of JSON')
    .action(change)
}

async function change(options: ChangeOptions): Promise<void> {
  const { newKey: newFile, threshold, officers, out } = options
  const split = threshold !== undefined && officers !== undefined && out !== undefined ? { ...options, threshold, officers, out } : undefined
  if ((newFile === undefined) === (split === undefined))
    throw new HesError('BODY_INVALID', 'name --new-key FILE, or --threshold, --officers and --out for a new split')
  const database = { DATABASE_URL: await findDatabase() }
  const oldKey = await masterKeyOf(options)
  let newKey: Buffer | undefined
  try {
    newKey = newFile === undefined ? randomBytes(32) : await keyFile(newFile)
    // The shares are on the disk before anything is sealed under what they give.
    const files = split && await writeSplit((await chooseEngine()).engine, newKey, split)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(oldKey.length)
    const output = createOutput(options.json === true)
    const result = await runMachineProgram('rekey-main', { custody: files ? `set ${files.set.set}` : 'file' }, Buffer.concat([length, oldKey, newKey]), database).catch((error: unknown) => {
      if (files) output.say(`The shares in ${split.out} are worth something only if the crypto machine opens with them. Otherwise destroy them.`)
      throw error
    })
    output.result({ ...result, ...(files && { set: files.set.set, custody: files.custody, shares: files.shares }) }, words(result, files, newFile ?? ''))
  } finally {
    oldKey.fill(0)
    newKey?.fill(0)
  }
}

function words({ changed, rows, left }: Record<string, unknown>, files: SplitFiles | undefined, newFile: string): string {
  if (changed !== true) return `The crypto machine was under this master key already. Start it with ${newFile}.`
  return [
    `The crypto machine is under another master key now: ${String(rows)} rows sealed anew.`,
    ...(left === 0 ? [] : [`${String(left)} rows had been changed outside of the machine. They were left as they are and stay refused: find out by whom.`]),
    ...(files
      ? [`Set ${files.set.set}: any ${files.set.threshold} of ${files.officers.length} shares give it (fingerprint ${files.set.fingerprint}).`,
        ...files.shares.map((file, at) => `  ${files.officers[at]}: ${file}`),
        `Give each officer his file and delete it here. Start the crypto machine anew with ZHUZHAN_KEY_CUSTODY_FILE=${files.custody} and these shares.`]
      : [`Start the crypto machine anew with ${newFile} in the place of the old file.`]),
    'Backups made before open with the OLD master key only: make one now, then keep or destroy the old ones together with the old shares.',
  ].join('\n')
}
