import type { Protocol, Setting } from '@zhuzhan/codec'
import { REGISTRY } from './registry.js'

/** Readings of UNSURE points by the names of the protocols' settings; `dlt698.tail` means that protocol alone. */
export type Settings = Readonly<Record<string, unknown>>

const protocols: readonly Protocol[] = REGISTRY.map(({ protocol }) => protocol)

/** What of `settings` one protocol knows. A value that is none of its readings is left out: the name may mean another protocol. */
export function settingsFor(protocol: Protocol, settings: Settings | undefined): Settings | undefined {
  if (settings === undefined) return undefined
  const known: Record<string, unknown> = {}
  for (const { name, readings } of protocol.settings ?? []) {
    const value = settings[`${protocol.name}.${name}`] ?? settings[name]
    if (value !== undefined && Object.hasOwn(readings, String(value))) known[name] = String(value)
  }
  return known
}

/**
 * Settings from `name=value` texts.
 *
 * @throws RangeError that lists what there is, for a name no protocol knows or a value that is no reading of it
 */
export function parseSettings(pairs: readonly string[]): Settings {
  const settings: Record<string, string> = {}
  for (const pair of pairs) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? []
    if (name === undefined || value === undefined) throw new RangeError(`'${pair}': a setting is name=value`)
    const known = settingsNamed(name)
    if (known.length === 0) throw new RangeError(`no setting ${name}; there are ${allNames().join(', ')}`)
    const readings = [...new Set(known.flatMap((setting) => Object.keys(setting.readings)))]
    if (!readings.includes(value)) throw new RangeError(`${name}: ${readings.join(' or ')}, not '${value}'`)
    settings[name] = value
  }
  return settings
}

function settingsNamed(name: string): Setting[] {
  return protocols.flatMap((protocol) => (protocol.settings ?? []).filter((setting) => setting.name === name || `${protocol.name}.${setting.name}` === name))
}

function allNames(): string[] {
  return protocols.flatMap((protocol) => (protocol.settings ?? []).map((setting) => setting.name))
}
