import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { FirmwareModel, FirmwareVendor, ReleaseId, outcomeValue } from '@zhuzhan/contracts'
import type { CryptoRequest, FirmwareRelease, OrderBody } from '@zhuzhan/contracts'
import { privateKeyFromPem, publicKeyFromPem, publicKeyToPem } from '@zhuzhan/gm-crypto'
import type { Command } from 'commander'
import { buildFirmware, inspectFirmware, readFirmware, verifyFirmware } from '../firmware/file.js'
import { createOutput } from '../output.js'
import { dataFolder } from '../station.js'
import { withEngine } from '../with-engine.js'
import { administrators, signedOrder, withMachine } from './root-keys.js'

interface Signed { administrators?: string; json?: boolean }
interface BuildOptions extends Signed { image: string; vendor: string; vendorKey: string; model: string; module: string; firmwareVersion: string; minVersion: string; out: string }

/** Firmware files and releases. docs/security/firmware.md */
export function firmwareCommand(program: Command): void {
  const firmware = program.command('firmware').description('firmware files and releases')

  withOrder(firmware.command('build').description('encrypt an image at the crypto machine, sign it as its vendor, offer it by order of two administrators')
    .requiredOption('--image <file>').requiredOption('--vendor <name>', 'as entered with firmware vendor').requiredOption('--vendor-key <file>', 'private key, PEM').requiredOption('--model <model>', 'of the module, 8 characters at most')
    .option('--module <slot>', '0 management, 1 metering, 2 carrier, 3 and more expansion', '0').requiredOption('--firmware-version <number>').option('--min-version <number>', 'least version it may replace', '0')
    .requiredOption('--out <file>'))
    .action((options: BuildOptions) => withEngine(async (engine) => {
      const terms = termsOf(options, await readFile(options.image))
      const vendorKey = privateKeyFromPem(await readFile(options.vendorKey, 'latin1'))
      const { release, file } = await withMachine((machine) => buildFirmware({ machine, engine, terms, vendorKey, order: (body) => order(body, options) }))
      vendorKey.fill(0)
      await writeFile(options.out, file)
      createOutput(options.json === true).result({ release, out: options.out, bytes: file.length }, `Release ${release} is offered; its file of ${file.length} bytes is ${options.out}.`)
    }))

  firmware.command('inspect').description('what a firmware file says of itself; nothing is verified').argument('<file>').option('--json', 'one line of JSON')
    .action(async (name: string, options: { json?: boolean }) => {
      const shown = inspectFirmware(readFirmware(await readFile(name), name))
      createOutput(options.json === true).result(shown, Object.entries(shown).map(([key, value]) => `${key.padEnd(11)} ${value}`).join('\n'))
    })

  firmware.command('verify').description('check both signatures, size and content of a file; exit code 1 when it does not hold').argument('<file>')
    .option('--vendor-key <file>', "the vendor's public key, PEM; the crypto machine's entry unless said").option('--release-key <file>', "the station's release key, PEM; the crypto machine's unless said").option('--json', 'one line of JSON')
    .action((name: string, options: { vendorKey?: string; releaseKey?: string; json?: boolean }) => withEngine(async (engine) => {
      const file = readFirmware(await readFile(name), name)
      const [vendorKey, releaseKey] = await keysFor(file.manifest.vendor.toString('utf8'), options)
      const verdict = await verifyFirmware(engine, file, vendorKey, releaseKey)
      createOutput(options.json === true).result(verdict, verdict.ok ? 'Both signatures hold, and the content is what was signed.' : `REFUSED: ${verdict.why}.`)
      if (!verdict.ok) process.exitCode = 1
    }))

  withOrder(firmware.command('vendor').description('take firmware of a vendor, by order of two administrators').requiredOption('--name <name>').requiredOption('--key <file>', 'its public key, PEM'))
    .action(async (options: Signed & { name: string; key: string }) => {
      const vendor = checked(FirmwareVendor, options.name, '--name')
      await order({ kind: 'firmware-vendor', vendor, publicKey: hex(publicKeyFromPem(await readFile(options.key, 'latin1'))) }, options)
      createOutput(options.json === true).result({ vendor }, `Images of ${vendor} may be offered. Devices must hold its key, too.`)
    })

  withOrder(firmware.command('withdraw').description('offer a release no more; running transfers of it stop').requiredOption('--release <id>', '8 bytes hex'))
    .action(async (options: Signed & { release: string }) => {
      const release = checked(ReleaseId, options.release.toUpperCase(), '--release')
      await order({ kind: 'firmware-withdraw', release }, options)
      createOutput(options.json === true).result({ release }, `Release ${release} is withdrawn for good.`)
    })

  firmware.command('list').description('releases of the crypto machine').option('--json', 'one line of JSON').action(async ({ json }: { json?: boolean }) => {
    const { releases } = await withMachine(async (machine) => outcomeValue<'firmwareReleases'>((await machine.firmwareReleases([{}]))[0]))
    createOutput(json === true).result({ releases }, releases.map(words).join('\n') || 'There is no release.')
  })

  firmware.command('keys').description('public keys that devices must hold').option('--json', 'one line of JSON').action(async ({ json }: { json?: boolean }) => {
    const keys = await withMachine(async (machine) => outcomeValue<'firmwareKeys'>((await machine.firmwareKeys([{}]))[0]))
    const vendors = keys.vendors.map(({ vendor, publicKey, state }) => `${vendor} (${state})\n${publicKeyToPem(Buffer.from(publicKey, 'hex'))}`)
    createOutput(json === true).result(keys, `Release key of the station\n${publicKeyToPem(Buffer.from(keys.releaseKey, 'hex'))}${vendors.join('')}`)
  })
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

function withOrder(command: Command): Command {
  return command.option('--administrators <file>', 'two administrators and their laboratory passwords; the file of the station unless said').option('--json', 'one line of JSON')
}

async function order(body: OrderBody, { administrators: file }: Signed): Promise<void> {
  const people = await administrators(file ?? join(dataFolder(), 'administrators.json'))
  await withMachine((machine) => signedOrder(machine, body, people))
}

function termsOf(options: BuildOptions, image: Buffer): CryptoRequest<'prepareFirmware'> {
  const whole = (text: string, name: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new HesError('BODY_INVALID', `${name} is a whole number, not '${text}'`)
    return value
  }
  return {
    vendor: checked(FirmwareVendor, options.vendor, '--vendor'), model: checked(FirmwareModel, options.model, '--model'), moduleType: whole(options.module, '--module'),
    version: whole(options.firmwareVersion, '--firmware-version'), minVersion: whole(options.minVersion, '--min-version'), image,
  }
}

function checked(schema: typeof FirmwareVendor, value: string, name: string): string {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new HesError('BODY_INVALID', `${name}: '${value}' has not the form it needs`)
  return parsed.data
}

/** From files where they are named, else from the crypto machine's register. */
async function keysFor(vendor: string, files: { vendorKey?: string; releaseKey?: string }): Promise<[Buffer | undefined, Buffer]> {
  const fromFile = async (file: string | undefined): Promise<Buffer | undefined> => file && file !== '' ? publicKeyFromPem(await readFile(file, 'latin1')) : undefined
  const [own, release] = [await fromFile(files.vendorKey), await fromFile(files.releaseKey)]
  if (own && release) return [own, release]
  const known = await withMachine(async (machine) => outcomeValue<'firmwareKeys'>((await machine.firmwareKeys([{}]))[0]))
  const entry = known.vendors.find((one) => one.vendor === vendor && one.state === 'active')
  return [own ?? (entry && Buffer.from(entry.publicKey, 'hex')), release ?? Buffer.from(known.releaseKey, 'hex')]
}

function words({ release, state, vendor, model, moduleType, version, minVersion, size }: FirmwareRelease): string {
  return `${release}  ${state.padEnd(9)}  ${vendor}  ${model} (module ${moduleType})  version ${version}, from ${minVersion}  ${size} bytes`
}
