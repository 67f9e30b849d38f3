import type { ModuleFindingRow, ModuleHistoryRow, ModuleRow, ModulesSeen } from '../store/module-store.js'
import { isRight } from './judge-manifest.js'
import type { Finding } from './judge-manifest.js'

/** What is kept of a judged manifest: the modules as seen last, and what is new against the time before. */

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const NEVER = { version: null, firmware: null, chip: false, firstSeen: null, lastSeen: null }
const same = (seen: ModuleFindingRow, { slot, serial }: Finding): boolean => seen.slot === slot && seen.serial === hex(serial)

export function findingRows(findings: readonly Finding[], before: ModulesSeen | undefined, at: number): ModuleFindingRow[] {
  return findings.flatMap((finding) => {
    const { slot, serial, model, entry, state } = finding
    const last = before?.findings.find((one) => same(one, finding))
    if (!entry) return [{ ...(last ?? NEVER), slot, serial: hex(serial), model: hex(model), finding: state }]
    return [
      { slot, serial: hex(serial), model: hex(model), version: entry.version, firmware: hex(entry.firmware), chip: entry.mac.some((byte) => byte !== 0), finding: state, firstSeen: last?.firstSeen ?? at, lastSeen: at },
    ]
  })
}

export function historyOf(findings: readonly Finding[], before: ModulesSeen | undefined, at: number): ModuleHistoryRow[] {
  return findings.flatMap((finding): ModuleHistoryRow[] => {
    const { slot, serial, entry, state } = finding
    const last = before?.findings.find((one) => same(one, finding))
    if (!entry) return []
    if (!last && !isRight(state)) return [{ at, slot, kind: 'found', serial, before: undefined, detail: state }]
    const [version, firmware] = [entry.version, hex(entry.firmware)]
    if (!last || last.version === null || (last.version === version && last.firmware === firmware)) return []
    return [{ at, slot, kind: 'version', serial, before: `${versionText(last.version)} ${last.firmware}`, detail: `${versionText(version)} ${firmware}` }]
  })
}

/** What an order makes of the modules bound before. */
export function boundHistory(before: readonly ModuleRow[], after: readonly ModuleRow[], at: number, detail: string): ModuleHistoryRow[] {
  const serialAt = (rows: readonly ModuleRow[], slot: number): Buffer | undefined => rows.find((row) => row.slot === slot)?.serial
  const bound = after.flatMap(({ slot, serial }): ModuleHistoryRow[] => {
    const last = serialAt(before, slot)
    if (last?.equals(serial)) return []
    return [{ at, slot, serial, before: last && hex(last), detail, kind: last ? 'replaced' : 'bound' }]
  })
  const removed = before.filter(({ slot }) => !serialAt(after, slot)).map(({ slot, serial }) => ({ at, slot, kind: 'removed' as const, serial, before: undefined, detail }))
  return [...bound, ...removed].sort((a, b) => a.slot - b.slot)
}

const versionText = (version: number): string => version.toString(16).toUpperCase().padStart(8, '0')
