import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult, GROUP_OPERATIONS } from '@zhuzhan/contracts'
import { encodeApdu, epochToDateTimeS } from '@zhuzhan/dlt698'
import { equalBytes } from '@zhuzhan/gm-crypto'
import { BROADCAST_TIME, broadcastAddress, broadcastRequest, deriveKey, erase } from '@zhuzhan/osp1'
import type { Places } from '../authority/places.js'
import type { Refusals } from '../authority/refusals.js'
import { groupMemberMac } from '../authority/row-macs.js'
import { serially } from '../authority/serially.js'
import { each } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import { deviceRowMac } from '../keys/devices.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { GroupMemberRow } from '../store/group-store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import { broadcasts } from '../telemetry.js'
import type { ClockGuard } from '../tickets/clock-guard.js'
import { BROADCAST_EVERY_MS, groupRefused, judgeShift, nextAgseq, shiftedSeconds } from './agseq.js'

export interface GroupOptions {
  store: MachineStore
  provider: KeyProvider
  vault: Vault
  places: Places
  refusals: Refusals
  guard: ClockGuard
  clock: Clock
  /** CA of the broadcasts. */
  clientAddress: number
}

interface Recipient {
  address: string
  keyState: number
  keyVersion: number
  offsetMinutes: number
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const PIID = { number: 0, priority: false, acd: false }

/** Clock broadcasts to groups: the machine's own time and nothing else, its counter committed before a byte exists. §7.5 */
export function createGroups(options: GroupOptions): HandlersOf<keyof typeof GROUP_OPERATIONS> {
  const { store, provider, vault, places, refusals, guard, clock, clientAddress } = options
  const address = broadcastAddress(clientAddress)
  // One broadcast after another: the second sees what the first committed.
  const oneByOne = serially()

  const genuine = ({ member, device }: { member: GroupMemberRow; device: DeviceRow }): boolean =>
    equalBytes(member.rowMac, groupMemberMac(vault, member)) && equalBytes(device.rowMac, deviceRowMac(vault, device))

  const recipientsOf = async (rows: readonly { device: DeviceRow }[]): Promise<Recipient[]> => {
    const useful = rows.map(({ device }) => device).filter((row) => row.status === 'active' && !row.suspect && row.keyState === 1)
    const found = await Promise.all(useful.map(async (row) => ({ row, place: await places.get(row.address) })))
    return found.flatMap(({ row, place }) =>
      place?.profile === 'sm' ? [{ address: row.address, keyState: row.keyState, keyVersion: row.keyVersion, offsetMinutes: place.offsetMinutes }] : [],
    )
  }

  /** One frame for members with the same key and the same local time. */
  const frameFor = async (groupId: Buffer, agseq: number, at: number, members: readonly Recipient[]): Promise<{ apdu: Buffer; devices: string[] }> => {
    const { keyState, keyVersion, offsetMinutes } = members[0] as Recipient
    const root = await provider.deviceKey({ keyState, keyVersion, purpose: 'group' }, groupId)
    const key = deriveKey(root, 'group', groupId)
    try {
      const parameter = { type: 'date-time-s' as const, value: epochToDateTimeS(Math.round(at / 1000) * 1000, offsetMinutes) }
      const content = encodeApdu({ apdu: 'action-request', choice: 'normal', piid: PIID, omd: BROADCAST_TIME, parameter })
      return { apdu: broadcastRequest(key, { address, agseq, groupId }, content), devices: members.map((one) => one.address) }
    } finally {
      erase(root, key)
    }
  }

  const stateOf = async (groupId: Uint8Array) => {
    const rows = (await store.groupMembers(groupId)).filter(genuine)
    const oldest = Math.min(...rows.map(({ member }) => member.since))
    const shifted = rows.length === 0 ? 0 : shiftedSeconds(await store.broadcastsSince(groupId, oldest), oldest)
    return { rows, shifted }
  }

  const seal = async ({ group, shiftSeconds }: CryptoRequest<'sealGroupClock'>): Promise<CryptoResult<'sealGroupClock'>> => {
    const groupId = Buffer.from(group, 'hex')
    const row = await store.group(groupId)
    if (!row) throw new HesError('NOT_FOUND', 'there is no such group', { group })
    const wrong = await guard.wrong()
    if (wrong) throw groupRefused(wrong)
    const { rows, shifted } = await stateOf(groupId)
    judgeShift(row, shiftSeconds, shifted, clock.now())
    const recipients = await recipientsOf(rows)
    if (recipients.length === 0) throw groupRefused('no-members')

    const alike = groupAlike(recipients)
    const before = clock.now()
    const agseq = nextAgseq(row, before)
    const event = { kind: 'broadcast-sealed', subject: `group ${group}`, detail: { agseq, shiftSeconds, members: recipients.length, frames: alike.length } }
    if (!(await store.commitBroadcast(groupId, row.agseq, { agseq, at: before, shift: shiftSeconds }, before + BROADCAST_EVERY_MS, event))) throw groupRefused('agseq-moved')
    // Read again: the commit may have taken its time, and what is sent must be the time now.
    const at = clock.now()
    return { agseq, at, server: address.server, clientAddress, frames: await Promise.all(alike.map((members) => frameFor(groupId, agseq, at, members))) }
  }

  const sealCounted = async (request: CryptoRequest<'sealGroupClock'>): Promise<CryptoResult<'sealGroupClock'>> => {
    try {
      const sealed = await seal(request)
      broadcasts.add(1, { result: 'sealed' })
      return sealed
    } catch (error) {
      if (!(error instanceof HesError) || error.code !== 'GROUP_REFUSED') throw error
      const reason = String(error.context['reason'])
      broadcasts.add(1, { result: reason })
      await refusals.note({ kind: 'broadcast-refused', subject: `group ${request.group}`, detail: { reason, shiftSeconds: request.shiftSeconds } })
      throw error
    }
  }

  const list = async (): Promise<CryptoResult<'groups'>> => ({
    groups: await Promise.all(
      (await store.groups()).map(async ({ groupId, members, agseq, known, last, notBefore }) => ({
        group: hex(groupId),
        members,
        agseq,
        known,
        last: last ? { agseq: last.agseq, at: last.at, shiftSeconds: last.shift } : null,
        notBefore,
        shiftedSeconds: (await stateOf(groupId)).shifted,
      })),
    ),
  })

  const membersOf = async ({ group }: CryptoRequest<'groupMembers'>): Promise<CryptoResult<'groupMembers'>> => {
    const groupId = Buffer.from(group, 'hex')
    if (!(await store.group(groupId))) throw new HesError('NOT_FOUND', 'there is no such group', { group })
    return { devices: (await store.groupMembers(groupId)).filter(genuine).map(({ device }) => device.address) }
  }

  return {
    sealGroupClock: (_owner, batch) => each(batch, (request) => oneByOne(() => sealCounted(request))),
    groups: (_owner, batch) => each(batch, list),
    groupMembers: (_owner, batch) => each(batch, membersOf),
  }
}

function groupAlike(recipients: readonly Recipient[]): Recipient[][] {
  const found = new Map<string, Recipient[]>()
  for (const one of recipients) {
    const name = `${one.keyState}/${one.keyVersion}/${one.offsetMinutes}`
    found.set(name, [...(found.get(name) ?? []), one])
  }
  return [...found.values()]
}
