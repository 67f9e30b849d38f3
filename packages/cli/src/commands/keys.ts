import { writeFile } from 'node:fs/promises'
import { HesError, parseAddress } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { openDatabase } from '@zhuzhan/persistence'
import { createLogger } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { findStation } from '../station.js'
import { changeMasterCommand } from './change-master.js'
import { custodyCommands } from './custody.js'
import { keyBackupCommands } from './key-backup.js'
import { rootKeyCommands } from './root-keys.js'
import { rotateCommand } from './rotate.js'

interface IssueOptions { address: string; mode: string; out: string; replace?: boolean; json?: boolean }

/** Laboratory key issue: gives a registered `sm` device its keys, for simulators and benches. Never in production. */
export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('master key, root keys, device keys')
  custodyCommands(keys)
  keyBackupCommands(keys)
  changeMasterCommand(keys)
  rootKeyCommands(keys)
  rotateCommand(keys)
  keys.command('issue').description('issue laboratory keys for a terminal or meter registered as sm')
    .requiredOption('--address <address>', 'address as printed on the device')
    .requiredOption('--mode <mode>', 'S (SM4) or F (SM2)')
    .requiredOption('--out <file>', 'where to write the keys (mode 0600)')
    .option('--replace', 'the device changes its mode: issue anew')
    .option('--json', 'one line of JSON')
    .action(async (options: IssueOptions) => {
      if (process.env['ZHUZHAN_PRODUCTION'] === '1') throw new HesError('PROFILE_REFUSED', 'Laboratory key issue is refused in production (ZHUZHAN_PRODUCTION=1).')
      const { mode } = options
      if (mode !== 'S' && mode !== 'F') throw new HesError('BODY_INVALID', `--mode is S or F, not '${mode}'`)
      const address = parseAddress(options.address)
      const station = await findStation()
      await mustBeRegistered(station.databaseUrl, address, mode)
      const machine = await connectCryptoMachine({ url: station.cryptoUrl, secret: station.cryptoSecret, identity: 'cli', log: createLogger({ service: 'cli', level: 'silent' }) })
      try {
        const issued = outcomeValue<'issueKeys'>((await machine.issueKeys([{ address, mode, ...(options.replace ? { replace: true } : {}) }]))[0])
        await writeFile(options.out, `${JSON.stringify(issued, null, 2)}\n`, { mode: 0o600 })
        createOutput(options.json === true).result({ address, mode, out: options.out, chipSerial: issued.chipSerial, keyVersion: issued.keyVersion }, `Keys of ${address} (mode ${mode}) written to ${options.out}. Keep the file: whoever holds it can play this device.`)
      } finally {
        await machine.stop()
      }
    })
}

async function mustBeRegistered(url: string, address: string, mode: 'S' | 'F'): Promise<void> {
  const database = openDatabase({ url, max: 1, applicationName: 'zhuzhan keys' })
  try {
    const { rows } = await database.pool.query<{ security_profile: string; mode: string | null }>(
      'SELECT security_profile, mode FROM terminal WHERE address = $1 UNION ALL SELECT security_profile, mode FROM meter WHERE address = $1', [address])
    const protectedRow = rows.find((row) => row.security_profile === 'sm')
    if (!protectedRow) throw new HesError('PROFILE_REFUSED', rows.length === 0 ? `${address} is not registered: POST /api/v1/terminals first, with securityProfile sm and mode ${mode}.` : `${address} is registered, but not with securityProfile sm.`)
    if (protectedRow.mode !== mode) throw new HesError('PROFILE_REFUSED', `${address} is registered with mode ${protectedRow.mode ?? 'none'}, not ${mode}.`)
  } finally {
    await database.close()
  }
}
