import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { chooseEngine } from '@zhuzhan/gm-crypto'
import { writeDurably } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { SealState, ceremony, textOf } from '../custody/ceremony-client.js'
import { keyFile } from '../custody/master-key.js'
import { collect, openShare, readShares } from '../custody/shares.js'
import { writeSplit } from '../custody/split-files.js'
import type { SplitOptions } from '../custody/split-files.js'
import { createOutput } from '../output.js'
import { dataFolder } from '../station.js'

interface ShareOptions { passphraseFile?: string; json?: boolean }

/** The master key among its officers: split, put together again, given to a machine that waits for it. docs/security/ceremonies.md */
export function custodyCommands(keys: Command): void {
  keys.command('split').description("split the master key among officers: any THRESHOLD of their shares give it back")
    .requiredOption('--threshold <number>', 'shares it takes, at least 2')
    .requiredOption('--officers <names>', 'their names, separated by commas')
    .requiredOption('--out <folder>', 'new folder for custody.json and one file a share')
    .option('--key <file>', 'the master key; the one of the station unless said')
    .option('--wrap', 'ask each officer for a passphrase and wrap the share under it')
    .option('--passphrases <file>', 'the same, one line an officer')
    .option('--json', 'one line of JSON')
    .action(split)
  const withShares = (name: string, text: string): Command => keys.command(name).description(text).argument('<share...>', 'share files')
    .option('--passphrase-file <file>', 'passphrase of wrapped shares; asked for on the terminal unless said').option('--json', 'one line of JSON')
  withShares('combine', 'put the master key together and write it to a file').requiredOption('--out <file>', 'where to write it (mode 0600); never over a file that is there').action(combine)
  withShares('check', 'are these shares whole, genuine, of one set, and enough?').action(check)
  withShares('unseal', 'give shares to the crypto machine that waits for them on this host').action(unseal)
  keys.command('seal-state').description('is the crypto machine on this host sealed, and how many shares are missing?').option('--json', 'one line of JSON').action(async (options: { json?: boolean }) => {
    const state = SealState.parse(JSON.parse(await textOf(await ceremony('GET', '/seal'))))
    createOutput(options.json === true).result(state, words(state))
  })
}

async function split(options: SplitOptions & { key?: string; json?: boolean }): Promise<void> {
  const source = options.key ?? (process.env['ZHUZHAN_MASTER_KEY_FILE'] || join(dataFolder(), 'master-key'))
  const masterKey = await keyFile(source)
  try {
    const { set, officers, shares, custody } = await writeSplit((await chooseEngine()).engine, masterKey, options)
    createOutput(options.json === true).result({ set: set.set, threshold: set.threshold, officers, fingerprint: set.fingerprint, custody, shares }, [
      `Set ${set.set}: any ${set.threshold} of ${officers.length} shares give the master key (fingerprint ${set.fingerprint}).`,
      ...shares.map((file, at) => `  ${officers[at]}: ${file}`),
      `Give each officer his file and delete it here. ${custody} is for the crypto machine (ZHUZHAN_KEY_CUSTODY_FILE) and no secret.`,
      `${source} still holds the whole key: delete it once the machine has opened with the shares.`,
    ].join('\n'))
  } finally {
    masterKey.fill(0)
  }
}

async function combine(files: string[], options: ShareOptions & { out: string }): Promise<void> {
  const { engine } = await chooseEngine()
  const collector = await collect(engine, await readShares(files), options.passphraseFile)
  try {
    if (collector.missing > 0) throw new HesError('STATE_CONFLICT', `${collector.missing} more of ${collector.set.threshold} shares are needed`)
    const masterKey = await collector.combine()
    await writeDurably(options.out, masterKey).finally(() => masterKey.fill(0))
    createOutput(options.json === true).result({ set: collector.set.set, fingerprint: collector.set.fingerprint, out: options.out },
      `The master key ${collector.set.fingerprint} was written to ${options.out}. Whoever reads this file has every key of the station.`)
  } finally {
    collector.wipe()
  }
}

async function check(files: string[], options: ShareOptions): Promise<void> {
  const { engine } = await chooseEngine()
  const shares = await readShares(files)
  const collector = await collect(engine, shares, options.passphraseFile)
  const { set, missing } = collector
  if (missing === 0) (await collector.combine()).fill(0)
  collector.wipe()
  const list = shares.map(({ file, number, officer, wrapped }) => ({ file, number, officer, wrapped }))
  createOutput(options.json === true).result({ ok: true, set: set.set, threshold: set.threshold, officers: set.officers, fingerprint: set.fingerprint, missing, shares: list }, [
    ...list.map(({ file, number, officer, wrapped }) => `ok  ${file}: share ${number} of set ${set.set}, ${officer}${wrapped ? ', under a passphrase' : ', NOT under a passphrase'}`),
    missing === 0 ? `Together they give the master key ${set.fingerprint}.` : `${missing} more of ${set.threshold} shares would be needed.`,
  ].join('\n'))
}

async function unseal(files: string[], options: ShareOptions): Promise<void> {
  const output = createOutput(options.json === true)
  let state: ReturnType<typeof SealState.parse> | undefined
  for (const share of await readShares(files)) {
    const payload = await openShare(share, options.passphraseFile)
    try {
      state = SealState.parse(JSON.parse(await textOf(await ceremony('POST', '/share', { headers: { 'x-custody-set': share.set.set, 'x-share-number': String(share.number) }, body: payload }))))
    } finally {
      payload.fill(0)
    }
    output.say(`share ${share.number} of ${share.officer} taken`)
  }
  if (state) output.result(state, words(state))
}

function words(state: ReturnType<typeof SealState.parse>): string {
  if (!state.sealed) return 'The crypto machine is open.'
  return `The crypto machine is sealed: ${state.missing ?? '?'} of ${state.threshold ?? '?'} shares are missing (set ${state.set ?? '?'}, officers ${state.officers?.join(', ') ?? '?'}).`
}
