import type { HealthReport } from '@zhuzhan/service-kit'
import type { Machine } from './app.js'
import type { Gate } from './custody/gate.js'
import type { SealState } from './custody/unsealing.js'
import type { MachineStore } from './store/store.js'

/** Health of the machine: database, lease, which engine passed its known answers, and whether the keys can be used. */
export function machineHealth(machine: Machine, store: MachineStore): () => Promise<HealthReport> {
  return async () => {
    const database = await store.owned().then(
      () => true,
      () => false,
    )
    const status = await machine.status().catch(() => undefined)
    const provider = machine.provider()
    const engine = status && (status.engineReason ? `${status.engine} (${status.engineReason})` : status.engine)
    return {
      ok: database && machine.serving && provider.ok,
      checks: {
        database: { ok: database },
        lease: { ok: machine.serving, detail: machine.serving ? `fencing ${status?.fencing ?? '?'}` : 'another process owns the machine' },
        engine: { ok: true, detail: `${engine ?? 'unknown'}: known answers right` },
        provider: { ok: provider.ok, detail: provider.detail },
      },
    }
  }
}

/** The same, and before it, while the master key is in custody: that it is sealed, and how many shares are missing. */
export function gateHealth(gate: Gate, store: MachineStore, seal: () => SealState | undefined): () => Promise<HealthReport> {
  return async () => {
    if (gate.opened) return machineHealth(gate.opened.machine, store)()
    const state = seal()
    const detail = state ? `sealed: ${state.missing} of ${state.threshold} shares missing` : 'opening'
    return { ok: false, checks: { custody: { ok: false, detail } } }
  }
}
