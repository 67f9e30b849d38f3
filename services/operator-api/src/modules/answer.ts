import type { CryptoResult, DeviceModulesAnswer } from '@zhuzhan/contracts'

/** Modules as people read them: models as text, versions as four bytes, times with their zone. */
export function modulesAnswer({ address, state, checkedAt, modules, history }: CryptoResult<'deviceModules'>): DeviceModulesAnswer {
  return {
    address, state, checkedAt: timeOf(checkedAt),
    modules: modules.map(({ slot, serial, model, version, firmware, chip, registered, state: own, firstSeen, lastSeen }) => ({
      slot, serial, model: textOf(model), version: version === null ? null : version.toString(16).toUpperCase().padStart(8, '0'), firmware, chip, registered,
      state: own, firstSeen: timeOf(firstSeen), lastSeen: timeOf(lastSeen),
    })),
    history: history.map(({ at, ...change }) => ({ at: new Date(at).toISOString(), ...change })),
  }
}

export const timeOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** A model is ASCII; whatever else a module claims must not reach a terminal or a page. */
function textOf(model: string): string {
  const text = Buffer.from(model, 'hex').toString('latin1').replace(/\0+$/, '')
  return /^[\x20-\x7e]*$/.test(text) ? text : model
}
