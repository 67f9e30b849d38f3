import { writeFileSync } from 'node:fs'
import { HesError } from '@zhuzhan/core'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import { fleetRegistry } from '@zhuzhan/fleet'
import type { Profile, RegistryEntry } from '@zhuzhan/fleet'
import { createLogger } from '@zhuzhan/service-kit'
import type { Rig } from './rig.js'

const METERS = 10
/** Ten terminals in turn: one plain, the others secured, half in mode S and half in mode F. */
const PROFILES: readonly Profile[] = ['sm-s', 'sm-f', 'sm-s', 'sm-f', 'sm-s', 'sm-f', 'sm-s', 'sm-f', 'plain', 'sm-s']

export function chaosRegistry(terminals: number): RegistryEntry[] {
  return fleetRegistry({ terminals, meters: METERS, profile: 'plain' }).map((entry, i) => ({ ...entry, profile: PROFILES[i % PROFILES.length]! }))
}

/** Registers the devices as an operator would, and writes the laboratory keys of the secured ones into `keysFile`. */
export async function registerDevices({ station }: Rig, registry: readonly RegistryEntry[], keysFile: string, crypto: { url: string; secret: string }): Promise<void> {
  const importing = async (what: string, header: string, rows: string[]): Promise<void> => {
    const { status, body } = await station.rest.call('POST', `/api/v1/${what}/import`, [header, ...rows, ''].join('\n'))
    if (status >= 300 || body.refused !== 0) throw new HesError('INTERNAL', `the import of ${what} answered ${status}: ${JSON.stringify(body).slice(0, 300)}`)
  }
  // Reading 400 new meters' past would be the greater load by far, and another test.
  for (const { id } of await station.rest.all('/api/v1/collection/plans') as { id: string }[]) {
    const { status } = await station.rest.call('PATCH', `/api/v1/collection/plans/${id}`, { enabled: false })
    if (status >= 300) throw new HesError('INTERNAL', `the collection plan ${id} could not be switched off: ${status}`)
  }
  // The front end reads the plans at its start, and then twice a minute.
  await station.restarted('front-end-processor', station.signal('front-end-processor', 'SIGTERM'))
  await importing('terminals', 'address,securityProfile,mode', registry.map(({ address, profile }) => `${address},${profile === 'plain' ? 'plain,' : `sm,${modeOf(profile)}`}`))
  await importing('meters', 'address,terminal', registry.flatMap(({ address, meters }) => meters.map((meter) => `${meter},${address}`)))

  const secured = registry.filter(({ profile }) => profile !== 'plain').map(({ address, profile }) => ({ address, mode: modeOf(profile) }))
  const machine = await connectCryptoMachine({ ...crypto, identity: 'supervisor', log: createLogger({ service: 'chaos', level: 'silent' }) })
  try {
    const outcomes = await machine.issueKeys(secured)
    const keys = outcomes.map((outcome, i) => {
      if (!outcome.ok) throw new HesError(outcome.code, `no laboratory keys for ${secured[i]?.address}`)
      return outcome.value
    })
    writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 })
  } finally {
    await machine.stop()
  }
}

function modeOf(profile: Profile): 'S' | 'F' {
  return profile === 'sm-s' ? 'S' : 'F'
}
