import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult, ModulesVerdict } from '@zhuzhan/contracts'
import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import { CHIP_OPERATION, decodeManifest, deriveKey, erase, manifestRequest, octetsOf } from '@zhuzhan/osp1'
import type { ManifestContext, ModuleEntry } from '@zhuzhan/osp1'
import { moduleMac } from '../authority/row-macs.js'
import type { Serially } from '../authority/serially.js'
import { deviceRowMac } from '../keys/devices.js'
import type { Device, Devices } from '../keys/devices.js'
import type { Vault } from '../keys/vault.js'
import type { KeyProvider } from '../provider/provider.js'
import type { OpenedRecord, Records } from '../sessions/records.js'
import type { Purpose, Session, SessionTable } from '../sessions/session-table.js'
import type { ModuleRow, ModulesSeen } from '../store/module-store.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import { manifests } from '../telemetry.js'
import { findingRows, historyOf } from './findings.js'
import { isRight, judgeManifest } from './judge-manifest.js'
import type { Finding } from './judge-manifest.js'

export interface Manifests {
  seal(owner: string, request: CryptoRequest<'manifestSeal'>): CryptoResult<'manifestSeal'>
  /** An opened answer; undefined when it answers something else. */
  take(opened: OpenedRecord): Promise<ModulesVerdict | undefined>
}

export interface ManifestsOptions {
  store: MachineStore
  provider: KeyProvider
  vault: Vault
  devices: Devices
  sessions: SessionTable
  records: Records
  clock: Clock
  random: Random
  oneByOne: Serially
  /** A device of which no modules are bound: `suspect` as one whose modules are wrong, or left alone. */
  unbound: 'suspect' | 'tolerate'
}

type Judged = { findings: Finding[]; faults: string[] }
const CHALLENGE = 16
const NO_SERIAL = Buffer.alloc(8)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const versionOf = ({ keyState, keyVersion }: DeviceRow): string => `${keyState}/${keyVersion}`

/**
 * Module manifests: asked with a challenge of our own, judged by our own table. What is wrong makes the device suspect, committed
 * before anybody hears of it; only an order of administrators takes that back. §7.7
 */
export function createManifests(options: ManifestsOptions): Manifests {
  const { store, provider, vault, devices, sessions, records, clock, random, oneByOne, unbound } = options

  /** A row that was changed outside the machine vouches for nothing. */
  const tampered = (device: DeviceRow, rows: readonly ModuleRow[]): string[] =>
    rows.filter((row) => !equalBytes(row.rowMac, moduleMac(vault, device.id, row))).map(({ slot }) => `${slot} row changed outside the machine`)

  /** KM of each bound chip. The meter's own one has its key from the root keys the meter is at (§7.8). */
  const pairingKeys = async (device: DeviceRow, rows: readonly ModuleRow[]): Promise<Map<ModuleRow, Buffer>> => {
    const chips = rows.filter(({ chip }) => chip)
    const keys = await Promise.all(
      chips.map(async (row) => {
        const { keyState, keyVersion } = row.serial.equals(device.chipSerial) ? device : row
        const chipKey = await provider.deviceKey({ keyState, keyVersion, purpose: 'pairing' }, row.serial)
        return deriveKey(chipKey, 'pairing', row.serial)
      }),
    )
    return new Map(chips.map((row, i) => [row, keys[i] ?? NO_SERIAL]))
  }

  const judge = async (device: DeviceRow, rows: readonly ModuleRow[], answer: Answer, context: ManifestContext): Promise<Judged> => {
    if ('why' in answer) return { findings: judgeManifest(rows, [], context, () => NO_SERIAL), faults: [answer.why] }
    const keys = await pairingKeys(device, rows)
    try {
      const findings = judgeManifest(rows, answer.entries, context, (row) => keys.get(row) ?? NO_SERIAL)
      return { findings, faults: findings.filter(({ state }) => !isRight(state)).map(({ slot, serial, state }) => `${slot} ${state} ${hex(serial)}`) }
    } finally {
      erase(...keys.values())
    }
  }

  const look = async (session: Session, answer: Answer, context: ManifestContext, mayChange: boolean): Promise<ModulesVerdict | 'would-change'> => {
    const { device } = session
    const rows = await store.modules(device.row.id)
    const judged = await judge(device.row, rows, answer, context)
    const { findings } = judged
    const faults = [...tampered(device.row, rows), ...judged.faults]
    const unknown = rows.length === 0
    const wrong = unknown ? unbound === 'suspect' : faults.length > 0
    const becomes = wrong && !device.row.suspect
    if (becomes && !mayChange) return 'would-change'
    const why = [...(unknown ? ['no modules bound'] : []), ...faults].join(', ')
    await record(device, findings, becomes ? why : undefined)
    const suspect = wrong || device.row.suspect || device.row.status === 'suspect'
    return { state: suspect ? 'suspect' : unknown ? 'unknown' : 'bound', became: becomes, why: wrong ? why : '' }
  }

  const record = async (device: Device, findings: readonly Finding[], suspectFor: string | undefined): Promise<void> => {
    const at = clock.now()
    const before: ModulesSeen | undefined = await store.modulesSeen(device.row.id)
    const seen = { at, findings: findingRows(findings, before, at) }
    const history = historyOf(findings, before, at)
    if (suspectFor === undefined) return store.recordModules(device.row.id, seen, { history })
    const marked = { ...device.row, suspect: true }
    const row = { ...marked, rowMac: deviceRowMac(vault, marked) }
    await store.recordModules(row.id, seen, { history, device: row, event: { kind: 'device-suspect', subject: row.address, detail: { why: suspectFor } } })
    // The sessions' device, and the cached one if that is another by now.
    device.row = row
    await devices.refresh(row)
  }

  return {
    seal(owner, { handle, piid }) {
      const session = sessions.get(owner, handle)
      const { row, update } = session.device
      // Which keys its own chip holds is in doubt until the commit is settled: an honest meter would look like a swapped one.
      if (update && (update.row.state === 'committing' || update.row.state === 'aborting')) throw new HesError('BUSY')
      const challenge = random(CHALLENGE)
      return records.sealRead(session, manifestRequest(challenge, piid), { kind: 'manifest', challenge, keys: versionOf(row), transcriptHash: Buffer.from(session.keys.transcriptHash) })
    },

    async take({ session, request, ...opened }) {
      const purpose: Purpose | undefined = request?.purpose
      if (purpose?.kind !== 'manifest' || 'hint' in opened) return undefined
      const { device } = session
      // A late answer from before a key update says nothing about the keys of now.
      if (purpose.keys !== versionOf(device.row)) return undefined
      const context = { transcriptHash: purpose.transcriptHash, challenge: purpose.challenge, dispersion: device.row.dispersion }
      const answer: Answer = 'dar' in opened ? { why: `no manifest, DAR ${opened.dar}` } : readAnswer(opened.apdu)
      const first = await look(session, answer, context, false)
      // What changes the device's row is looked at again alone: an order may have bound its modules anew meanwhile.
      const verdict = first === 'would-change' ? await oneByOne(() => look(session, answer, context, true)) : first
      if (verdict === 'would-change') return undefined
      manifests.add(1, { result: verdict.state })
      return verdict
    },
  }
}

/** Entries of a well-formed manifest, or why there are none. */
type Answer = { entries: ModuleEntry[] } | { why: string }

function readAnswer(apdu: Uint8Array): Answer {
  try {
    const answer = octetsOf(apdu, CHIP_OPERATION)
    if (answer === undefined) return { why: 'no manifest in the answer' }
    if ('dar' in answer) return { why: `no manifest, DAR ${answer.dar}` }
    return { entries: decodeManifest(answer.octets) }
  } catch (error) {
    if (!(error instanceof HesError)) throw error
    return { why: error.context['reason'] === 'slots' ? 'a slot repeated or out of order' : 'not a manifest' }
  }
}
