import { join } from 'node:path'
import { HesError, parseAddress } from '@zhuzhan/core'
import { BindModulesAnswer, DeviceModulesAnswer, SuspectList } from '@zhuzhan/contracts'
import type { ModuleAnswer } from '@zhuzhan/contracts'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { dataFolder } from '../station.js'
import { administrators } from './root-keys.js'
import { connect } from './rotate.js'

interface BindOptions { address: string; module: string[]; carrier: string[]; remove: string[]; administrators?: string; json?: boolean }

const collect = (one: string, before: string[]): string[] => [...before, one]
const SLOTS = ['management', 'metering', 'carrier']

/** Modules of meters and terminals with keys of their own. docs/security/modules.md */
export function modulesCommand(program: Command): void {
  const modules = program.command('modules').description('modules of meters: what is bound, what was seen, what is suspect')
  modules.command('show').description('modules of one device, with what became of them').requiredOption('--address <address>', 'meter or terminal with keys of its own').option('--json', 'one line of JSON')
    .action(async ({ address, json }: { address: string; json?: boolean }) => {
      const found = DeviceModulesAnswer.parse(await (await connect())('GET', `/meters/${parseAddress(address)}/modules`))
      createOutput(json === true).result(found, words(found))
    })
  modules.command('suspects').description('devices that are suspect: reads only').option('--json', 'one line of JSON').action(async ({ json }: { json?: boolean }) => {
    const ask = await connect()
    const items: SuspectItem[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: SuspectItem[]; nextCursor: string | null } = SuspectList.parse(await ask('GET', `/modules/suspect?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`))
      items.push(...page.items)
      cursor = page.nextCursor
    }
    createOutput(json === true).result({ items }, items.length === 0 ? 'No device is suspect.' : items.map(({ address, checkedAt }) => `${address}  last manifest ${checkedAt ?? 'never'}`).join('\n'))
  })
  modules.command('bind').description('bind modules anew, by order of two administrators: the device counts as trusted again')
    .requiredOption('--address <address>', 'meter or terminal with keys of its own')
    .option('--module <slot:serial[:model[:key version]]>', 'another module with a chip in this slot; may be repeated', collect, [])
    .option('--carrier <serial[:model]>', 'another carrier module without a chip', collect, [])
    .option('--remove <slot>', 'this slot is empty from now on; may be repeated', collect, [])
    .option('--administrators <file>', 'two administrators and their laboratory passwords; the file of the station unless said')
    .option('--json', 'one line of JSON')
    .action(bind)
}

type SuspectItem = { address: string; checkedAt: string | null }

async function bind(options: BindOptions): Promise<void> {
  const address = parseAddress(options.address)
  const changes = [
    ...options.module.map((text) => {
      const [slot = '', serial = '', model, keyVersion] = text.split(':')
      return { slot: slotOf(slot), serial, ...(model ? { model } : {}), ...(keyVersion ? { keyVersion: Number(keyVersion) } : {}) }
    }),
    ...options.carrier.map((text) => {
      const [serial = '', model] = text.split(':')
      return { slot: 2, serial, chip: false, ...(model ? { model } : {}) }
    }),
    ...options.remove.map((slot) => ({ slot: slotOf(slot) })),
  ]
  const signers = await administrators(options.administrators ?? join(dataFolder(), 'administrators.json'))
  const answer = BindModulesAnswer.parse(await (await connect())('POST', `/meters/${address}/modules/binding`, { changes, signers }))
  createOutput(options.json === true).result({ address, ...answer }, `${answer.words.lines.join('\n')}\nThe modules of ${address} are bound; it takes commands again.`)
}

function slotOf(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new HesError('BODY_INVALID', `a slot is a number from 0 to 255, not '${text}'`)
  return Number(text)
}

const STATES: Record<DeviceModulesAnswer['state'], string> = {
  bound: 'every module proved itself', unchecked: 'no manifest since the modules were bound', unknown: 'no modules are bound', suspect: 'SUSPECT: reads only until its modules are bound anew',
}

function words({ address, state, checkedAt, modules, history }: DeviceModulesAnswer): string {
  const lines = modules.map((one) => `  ${slotName(one)}  ${one.serial}  ${one.model.padEnd(8)}  ${one.version ?? '--------'}  ${one.chip ? 'chip' : 'no chip'}  ${one.state}${one.registered ? '' : ', not bound'}  seen ${one.firstSeen ?? 'never'}${one.lastSeen === null ? '' : ` to ${one.lastSeen}`}`)
  const past = history.map(({ at, slot, kind, serial, before, detail }) => `  ${at}  slot ${slot}  ${kind}  ${serial}${before === null ? '' : `  before ${before}`}  ${detail}`)
  return [`${address}: ${STATES[state]}; last manifest ${checkedAt ?? 'never'}`, ...lines, ...(past.length > 0 ? ['history:', ...past] : [])].join('\n')
}

function slotName({ slot }: ModuleAnswer): string {
  return `${slot} ${SLOTS[slot] ?? 'expansion'}`.padEnd(13)
}
