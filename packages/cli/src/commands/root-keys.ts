import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoResult, OrderBody } from '@zhuzhan/contracts'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { createLogger } from '@zhuzhan/service-kit'
import type { Command } from 'commander'
import { z } from 'zod'
import { createOutput } from '../output.js'
import { dataFolder, findStation } from '../station.js'

interface VersionOptions { keyVersion: string; state: string; administrators?: string; json?: boolean }
type Kind = 'root-keys' | 'root-keys-withdraw' | 'root-keys-destroy'

const Administrators = z.object({ administrators: z.array(z.object({ person: z.string(), password: z.string() })).min(2) })
const DONE: Record<Kind, string> = {
  'root-keys': 'made, pending until an order brings the first device to it. Make a backup now: zhuzhan keys backup',
  'root-keys-withdraw': 'withdrawn: no device is brought to it any more, those that hold keys of it go on',
  'root-keys-destroy': 'destroyed. Backups made before still hold it',
}

/** Versions of the root keys. What changes them is an order of two administrators. docs/security/key-hierarchy.md */
export function rootKeyCommands(keys: Command): void {
  keys.command('list').description('versions of the root keys, their states, devices and fingerprints').option('--json', 'one line of JSON').action(async ({ json }: { json?: boolean }) => {
    const { versions } = await withMachine(async (machine) => outcomeValue<'rootKeys'>((await machine.rootKeys([{}]))[0]))
    createOutput(json === true).result({ versions }, versions.map(words).join('\n'))
  })
  const change = (name: string, text: string, kind: Kind): void => {
    keys.command(name).description(text).requiredOption('--key-version <number>', '1 to 255').option('--state <number>', 'key state: 1 formal, 0 factory', '1')
      .option('--administrators <file>', 'two administrators and their laboratory passwords; the file of the station unless said').option('--json', 'one line of JSON')
      .action(async (options: VersionOptions) => {
        const body = { kind, keyState: Number(options.state), keyVersion: Number(options.keyVersion) }
        const people = await administrators(options.administrators ?? join(dataFolder(), 'administrators.json'))
        const { order } = await withMachine((machine) => signedOrder(machine, body, people))
        createOutput(options.json === true).result({ ...body, order }, `Root keys ${body.keyState}/${body.keyVersion} ${DONE[kind]}.`)
      })
  }
  change('new-version', 'make a new version of the root keys, for every purpose', 'root-keys')
  change('withdraw', 'bring no device to this version any more', 'root-keys-withdraw')
  change('destroy', 'erase this version for good; refused while anything uses it', 'root-keys-destroy')
}

export async function withMachine<T>(work: (machine: CryptoMachine) => Promise<T>): Promise<T> {
  const station = await findStation()
  const machine = await connectCryptoMachine({ url: station.cryptoUrl, secret: station.cryptoSecret, identity: 'cli', log: createLogger({ service: 'cli', level: 'silent' }) })
  try {
    return await work(machine)
  } finally {
    await machine.stop()
  }
}

type Person = z.infer<typeof Administrators>['administrators'][number]

/** Prepared, signed by both with their laboratory passwords, carried out. @throws HesError ORDER_REFUSED with the machine's reason in words */
export async function signedOrder(machine: CryptoMachine, body: OrderBody, [first, second]: [Person, Person]): Promise<CryptoResult<'submitOrder'>> {
  const { order } = outcomeValue<'prepareOrder'>((await machine.prepareOrder([{ first: first.person, second: second.person, body }]))[0])
  const one = outcomeValue<'signWithPassword'>((await machine.signWithPassword([{ ...first, message: order }]))[0])
  const two = outcomeValue<'signWithPassword'>((await machine.signWithPassword([{ ...second, message: order, after: one.signature }]))[0])
  const [outcome] = await machine.submitOrder([{ order, sigFirst: one.signature, sigSecond: two.signature }])
  if (outcome?.ok === false && outcome.context?.['reason'] !== undefined) throw new HesError(outcome.code, `The crypto machine refused: ${String(outcome.context['reason'])}.`)
  return outcomeValue<'submitOrder'>(outcome)
}

export async function administrators(file: string): Promise<[Person, Person]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new HesError('NOT_FOUND', `${file}: ${error.message}. Two administrators sign: name their file with --administrators. In production they sign in their tokens, by the operations prepareOrder and submitOrder.`)
  })
  const [first, second] = Administrators.parse(JSON.parse(text)).administrators as [Person, Person]
  return [{ person: first.person, password: first.password }, { person: second.person, password: second.password }]
}

function words({ keyState, keyVersion, status, devices, fingerprints }: CryptoResult<'rootKeys'>['versions'][number]): string {
  const prints = Object.entries(fingerprints).map(([purpose, print]) => `${purpose} ${print}`).join('  ')
  return `${keyState}/${keyVersion}  ${status.padEnd(9)}  ${devices} devices  ${prints || 'no key here'}`
}
