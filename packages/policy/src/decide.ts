import { HesError } from '@zhuzhan/core'
import { BOUNDARIES } from './boundaries.js'
import type { BoundaryName, PeerName, PeerOf, PeerPolicy } from './boundaries.js'
import { HARDWARE_CIPHERS, isHardwareCipher } from './ciphers.js'
import type { Cipher, HardwareCipher } from './ciphers.js'
import { MODULES } from './modules.js'
import type { ModuleName, ModulePolicy } from './modules.js'

/** What the operator configured, as far as the policy asks. */
export interface PolicySettings {
  production: boolean
  /** Unpublished algorithms a GM/T 0018 device is configured for. */
  hardware: readonly HardwareCipher[]
  /** Unpublished algorithms a laboratory replaces by SM4, each named by itself. Never in production. */
  laboratory: readonly HardwareCipher[]
}

/** Nothing configured: where a table says SM1 or SM7 the answer is no. */
export const STRICT: PolicySettings = { production: true, hardware: [], laboratory: [] }

/**
 * How one algorithm of the tables is carried out. `hardware only`: in a GM/T 0018 device or not at all; `available`
 * tells whether one is configured. `substituted`: SM4 in its place, in a laboratory, and every session says so.
 */
export type DecidedCipher =
  | { asked: Cipher; runs: Cipher; by: 'software'; available: true }
  | { asked: HardwareCipher; runs: HardwareCipher; by: 'hardware only'; available: boolean }
  | { asked: HardwareCipher; runs: 'SM4'; by: 'substituted'; available: true }

export interface Decision {
  boundary: BoundaryName
  peer: PeerName
  pairing: 'QR' | undefined
  authentication: DecidedCipher
  encryption: DecidedCipher
  integrity: DecidedCipher
  /** Everything in it can run here. */
  available: boolean
  /** Something in it is a laboratory substitution. */
  substituted: boolean
}

/** Settings that contradict themselves are no settings. @throws HesError CONFIG_INVALID for a substitution in production */
export function policySettings(settings: PolicySettings): PolicySettings {
  if (settings.production && settings.laboratory.length > 0) {
    throw new HesError('CONFIG_INVALID', 'A laboratory substitution of SM1 or SM7 is refused in production.', { laboratory: settings.laboratory.join(',') })
  }
  return settings
}

/** `SM1,SM7` as an operator writes it. @throws HesError CONFIG_INVALID for anything but these two */
export function hardwareCiphersOf(text: string): HardwareCipher[] {
  return [...new Set(text.split(',').map((part) => part.trim()).filter((part) => part !== ''))].map((part) => {
    const cipher = HARDWARE_CIPHERS.find((one) => one === part)
    if (!cipher) throw new HesError('CONFIG_INVALID', `Only ${HARDWARE_CIPHERS.join(' and ')} can be replaced in a laboratory.`)
    return cipher
  })
}

/** A device that is there goes before a substitution. @throws HesError CONFIG_INVALID for a substitution in production */
export function decideCipher(asked: Cipher, settings: PolicySettings = STRICT): DecidedCipher {
  const { hardware, laboratory } = policySettings(settings)
  if (!isHardwareCipher(asked)) return { asked, runs: asked, by: 'software', available: true }
  if (!hardware.includes(asked) && laboratory.includes(asked)) return { asked, runs: 'SM4', by: 'substituted', available: true }
  return { asked, runs: asked, by: 'hardware only', available: hardware.includes(asked) }
}

/** The row of Table II or III. @throws HesError NOT_FOUND for a pair no table has: what is not named is not allowed */
export function peerPolicy(boundary: string, peer: string): PeerPolicy {
  const peers: readonly PeerPolicy[] = BOUNDARIES.find((one) => one.boundary === boundary)?.peers ?? []
  const found = peers.find((one) => one.peer === peer)
  if (!found) throw new HesError('NOT_FOUND', `The policy has no peer '${peer}' at a boundary '${boundary}'.`)
  return found
}

/**
 * Which algorithms run at a boundary with a peer.
 * @throws HesError NOT_FOUND for a pair no table has, CONFIG_INVALID for a substitution in production
 */
export function algorithmsFor<B extends BoundaryName>(boundary: B, peer: PeerOf<B>, settings: PolicySettings = STRICT): Decision {
  const row = peerPolicy(boundary, peer)
  const authentication = decideCipher(row.authentication, settings)
  const encryption = decideCipher(row.encryption, settings)
  const integrity = decideCipher(row.integrity, settings)
  const all = [authentication, encryption, integrity]
  return {
    boundary, peer, pairing: row.pairing, authentication, encryption, integrity,
    available: all.every(({ available }) => available),
    substituted: all.some(({ by }) => by === 'substituted'),
  }
}

/** The same for the chip of a module (Table I). @throws HesError CONFIG_INVALID */
export function algorithmsOf(module: ModuleName, settings: PolicySettings = STRICT): DecidedCipher[] {
  return moduleRow(module).algorithms.map((cipher) => decideCipher(cipher, settings))
}

/** What a module and the management module both have: the algorithms their binding may use (M4.3). Empty for one that is not bound. */
export function bindingAlgorithms(module: ModuleName, settings: PolicySettings = STRICT): DecidedCipher[] {
  const { boundTo, algorithms } = moduleRow(module)
  if (boundTo === undefined) return []
  return moduleRow(boundTo).algorithms.filter((cipher) => algorithms.includes(cipher)).map((cipher) => decideCipher(cipher, settings))
}

function moduleRow(module: ModuleName): ModulePolicy {
  const found = MODULES.find((row) => row.module === module)
  if (!found) throw new HesError('NOT_FOUND', `The policy has no module '${String(module)}'.`)
  return found
}

/** The decision, if it can run. @throws HesError PROFILE_REFUSED where only hardware could and none is configured */
export function mustRun(decision: Decision): Decision {
  if (decision.available) return decision
  const { boundary, peer } = decision
  const cipher = [decision.authentication, decision.encryption, decision.integrity].find(({ available }) => !available)?.asked ?? ''
  throw new HesError('PROFILE_REFUSED', `${cipher} runs in hardware only, and no GM/T 0018 device is configured for it.`, { boundary, peer, cipher })
}
