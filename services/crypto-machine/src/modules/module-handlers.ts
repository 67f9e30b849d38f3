import { HesError } from '@zhuzhan/core'
import { ModuleState } from '@zhuzhan/contracts'
import type { CryptoRequest, CryptoResult, DeviceModulesState, MODULE_OPERATIONS, ModuleView } from '@zhuzhan/contracts'
import { each, eachNow } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { DeviceModules, ModuleFindingRow, ModuleHistoryRow, ModuleRow } from '../store/module-store.js'
import type { MachineStore } from '../store/store.js'
import { isRight } from './judge-manifest.js'
import type { Manifests } from './manifests.js'

const PAGE = 1_000
const HISTORY = 100
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Modules as operations of the port. */
export function createModuleHandlers({ store, manifests }: { store: MachineStore; manifests: Manifests }): HandlersOf<keyof typeof MODULE_OPERATIONS> {
  const one = async ({ address, history = HISTORY }: CryptoRequest<'deviceModules'>): Promise<CryptoResult<'deviceModules'>> => {
    const [found] = await store.modulesOf([address])
    if (!found) throw new HesError('DEVICE_NOT_ENROLLED', undefined, { address })
    return {
      address,
      state: stateOf(found),
      checkedAt: found.seen?.at ?? null,
      modules: modulesOf(found),
      history: (await store.moduleHistory(found.device.id, history)).map(changeOf),
    }
  }
  const states = async (request: CryptoRequest<'moduleStates'>): Promise<CryptoResult<'moduleStates'>> => {
    const addresses = 'addresses' in request ? request.addresses : (await store.suspectPage(request.after ?? '', request.limit ?? PAGE)).map(({ address }) => address)
    const found = addresses.length > 0 ? await store.modulesOf(addresses) : []
    return { devices: found.map((device) => ({ address: device.device.address, state: stateOf(device), checkedAt: device.seen?.at ?? null })) }
  }
  return {
    manifestSeal: (owner, batch) => eachNow(batch, (request) => manifests.seal(owner, request)),
    deviceModules: (_owner, batch) => each(batch, one),
    moduleStates: (_owner, batch) => each(batch, states),
  }
}

function stateOf({ device, rows, seen }: DeviceModules): DeviceModulesState {
  if (device.suspect || device.status === 'suspect') return 'suspect'
  if (rows.length === 0) return 'unknown'
  // A manifest from before an order bound other modules says nothing about these.
  const right = (row: ModuleRow): boolean => seen?.findings.some((one) => isOf(row, one) && isRight(one.finding)) ?? false
  return rows.every(right) ? 'bound' : 'unchecked'
}

const isOf = (row: ModuleRow, { slot, serial }: ModuleFindingRow): boolean => slot === row.slot && serial === hex(row.serial)

/** The bound modules with what the last manifest said of them, and what else stood in it. */
function modulesOf({ device, rows, seen }: DeviceModules): ModuleView[] {
  const findings = seen?.findings ?? []
  const suspect = device.suspect || device.status === 'suspect'
  const bound = rows.map((row): ModuleView => {
    const last = findings.find((finding) => isOf(row, finding))
    const { version = null, firmware = null, firstSeen = null, lastSeen = null } = last ?? {}
    // Bound anew since: what was found wrong then is not known to be wrong now.
    const state = last && (suspect || isRight(last.finding)) ? ModuleState.parse(last.finding) : 'unchecked'
    return { slot: row.slot, serial: hex(row.serial), model: hex(row.model), version, firmware, chip: row.chip, registered: true, state, firstSeen, lastSeen, keyState: row.keyState, keyVersion: row.keyVersion }
  })
  const others = findings
    .filter((finding) => finding.finding !== 'missing' && !rows.some((row) => isOf(row, finding)))
    .map(({ finding, ...seen }): ModuleView => ({ ...seen, keyState: null, keyVersion: null, registered: false, state: ModuleState.parse(finding) }))
  return [...bound, ...(suspect || rows.length === 0 ? others : [])].sort((a, b) => a.slot - b.slot)
}

const changeOf = ({ at, slot, kind, serial, before, detail }: ModuleHistoryRow): CryptoResult<'deviceModules'>['history'][number] => ({
  at,
  slot,
  kind,
  serial: hex(serial),
  before: before ?? null,
  detail,
})
