import { join } from 'node:path'
import { HesError, parseAddress } from '@zhuzhan/core'
import { GroupClockAnswer, GroupIdInput, GroupList } from '@zhuzhan/contracts'
import type { GroupAnswer } from '@zhuzhan/contracts'
import type { Command } from 'commander'
import { createOutput } from '../output.js'
import { dataFolder } from '../station.js'
import { administrators, signedOrder, withMachine } from './root-keys.js'
import { connect } from './rotate.js'

interface ClockOptions { group: string; shift: string; reason?: string; json?: boolean }
interface MemberOptions { group: string; devices: string; administrators?: string; json?: boolean }

/** Groups of clock broadcasts. docs/security/groups.md */
export function groupsCommand(program: Command): void {
  const groups = program.command('groups').description('clock broadcasts to groups of devices')
  groups.command('list').description('groups, their counters and last broadcasts').option('--json', 'one line of JSON').action(async ({ json }: { json?: boolean }) => {
    const list = GroupList.parse(await (await connect())('GET', '/groups'))
    createOutput(json === true).result(list, list.items.length === 0 ? 'There is no group. Make one: zhuzhan groups add' : list.items.map(words).join('\n'))
  })
  groups.command('clock').description("broadcast the station's time to a group")
    .requiredOption('--group <id>', '8 bytes hex')
    .requiredOption('--shift <seconds>', 'how far its clocks are off, -60 to 60; positive when they are slow')
    .option('--reason <text>', 'kept in the audit log')
    .option('--json', 'one line of JSON')
    .action(async (options: ClockOptions) => {
      const body = { shiftSeconds: Number(options.shift), ...(options.reason === undefined ? {} : { reason: options.reason }) }
      const made = GroupClockAnswer.parse(await (await connect())('POST', `/groups/${groupId(options.group)}/clock`, body))
      createOutput(options.json === true).result(made, `The time is on its way to the connected ones of ${made.devices} members, with counter ${made.agseq}. Nobody answers a broadcast: read the clocks afterwards.`)
    })
  member(groups.command('add').description('enter devices in a group, by order of two administrators; issue their keys anew afterwards').requiredOption('--group <id>', '8 bytes hex')
    .requiredOption('--devices <addresses>', 'separated by commas; protected ones with a place'), async (options) => {
    const [group, addresses] = [groupId(options.group), addressesOf(options.devices)]
    await order({ kind: 'group', group, addresses }, options)
    return [{ group, addresses }, `${addresses.length} devices are in group ${group}. Their key files carry the group from now on: zhuzhan keys issue`]
  })
  member(groups.command('remove').description('take devices out of their groups, by order of two administrators; they still know the key until the others have new ones')
    .requiredOption('--devices <addresses>', 'separated by commas'), async (options) => {
    const addresses = addressesOf(options.devices)
    await order({ kind: 'ungroup', addresses }, options)
    return [{ addresses }, `${addresses.length} devices are in no group any more.`]
  })
}

function member(command: Command, act: (options: MemberOptions) => Promise<[unknown, string]>): void {
  command.option('--administrators <file>', 'two administrators and their laboratory passwords; the file of the station unless said').option('--json', 'one line of JSON')
    .action(async (options: MemberOptions) => createOutput(options.json === true).result(...(await act(options))))
}

async function order(body: Parameters<typeof signedOrder>[1], options: MemberOptions): Promise<void> {
  const people = await administrators(options.administrators ?? join(dataFolder(), 'administrators.json'))
  await withMachine((machine) => signedOrder(machine, body, people))
}

function groupId(text: string): string {
  const parsed = GroupIdInput.safeParse(text)
  if (!parsed.success) throw new HesError('BODY_INVALID', `--group is 8 bytes hex, not '${text}'`)
  return parsed.data
}

/** Ascending and each once, as an order wants them. */
function addressesOf(text: string): string[] {
  return [...new Set(text.split(',').map((one) => parseAddress(one.trim())))].sort()
}

function words({ group, members, agseq, known, lastAt, lastShiftSeconds, nextFrom, shiftedSeconds }: GroupAnswer): string {
  const last = lastAt === null ? 'no broadcast yet' : `last ${lastAt} (${lastShiftSeconds} s)`
  return `${group}  ${members} members  counter ${agseq}${known ? '' : ' unknown since the restore'}  ${last}  ${shiftedSeconds}/300 s${nextFrom === null ? '' : `  next from ${nextFrom}`}`
}
