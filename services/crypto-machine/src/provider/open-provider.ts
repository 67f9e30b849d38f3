import type { Clock } from '@zhuzhan/core'
import { HesError } from '@zhuzhan/core'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import type { Logger } from '@zhuzhan/service-kit'
import type { Config } from '../config.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import type { KeyProvider } from './provider.js'
import { createSdfProvider } from './sdf/sdf-provider.js'
import { createSoftProvider } from './soft-provider.js'

export interface ProviderParts {
  engine: Sm2Engine
  store: MachineStore
  vault: Vault
  random: Random
  clock: Clock
  stationId: Buffer
  log: Logger
}

type ProviderConfig = Pick<
  Config,
  | 'ZHUZHAN_CRYPTO_PROVIDER'
  | 'ZHUZHAN_PRODUCTION'
  | 'ZHUZHAN_SDF_LIBRARY'
  | 'ZHUZHAN_SDF_MODEL'
  | 'ZHUZHAN_SDF_KEYS_FILE'
  | 'ZHUZHAN_SDF_PASSWORD_FILE'
  | 'ZHUZHAN_SDF_SESSIONS'
  | 'ZHUZHAN_SDF_TIMEOUT_MS'
>

/** The provider the configuration names; the only place that knows which there are. @throws HesError CONFIG_INVALID */
export async function openProvider(config: ProviderConfig, parts: ProviderParts): Promise<KeyProvider> {
  switch (config.ZHUZHAN_CRYPTO_PROVIDER) {
    case 'soft':
      return createSoftProvider(parts)
    case 'sdf':
      return createSdfProvider({
        ...parts,
        libraryPath: needed(config, 'ZHUZHAN_SDF_LIBRARY'),
        keysFile: needed(config, 'ZHUZHAN_SDF_KEYS_FILE'),
        passwordFile: needed(config, 'ZHUZHAN_SDF_PASSWORD_FILE'),
        model: config.ZHUZHAN_SDF_MODEL,
        sessions: config.ZHUZHAN_SDF_SESSIONS,
        production: config.ZHUZHAN_PRODUCTION,
        limits: { callMs: config.ZHUZHAN_SDF_TIMEOUT_MS },
      })
    case 'remote':
      throw new HesError(
        'CONFIG_INVALID',
        'ZHUZHAN_CRYPTO_PROVIDER=remote is a port without a program: the wire protocol of cipher machines is not public ' +
          '(docs/security/remote-provider.md). Use sdf for a device, or soft',
      )
  }
}

function needed(config: ProviderConfig, name: 'ZHUZHAN_SDF_LIBRARY' | 'ZHUZHAN_SDF_KEYS_FILE' | 'ZHUZHAN_SDF_PASSWORD_FILE'): string {
  const value = config[name]
  if (!value) throw new HesError('CONFIG_INVALID', `${name} is needed with ZHUZHAN_CRYPTO_PROVIDER=sdf`)
  return value
}
