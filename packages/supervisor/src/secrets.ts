import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeAtomically } from './data-folder.js'
import type { DataFolder } from './data-folder.js'

const secret = z.string().min(16)
const Secrets = z.object({
  databasePassword: secret,
  linkSecret: secret,
  cryptoSecret: secret,
  tokenSecret: secret,
  serviceKeySecret: secret,
  webhookSecret: secret,
  adminPassword: z.string().min(1),
})
export type Secrets = z.output<typeof Secrets>

/**
 * The secrets of this data folder: drawn once, then always the same. The file that unlocks the crypto machine's keys
 * (`master-key`) lies beside them: right for a laboratory; in production the operator provides ZHUZHAN_MASTER_KEY_FILE.
 * @param adminPassword given by the operator; counts only when the folder is new
 * @param custody the master key is among its officers: none is drawn here
 */
export function loadSecrets(folder: DataFolder, adminPassword?: string, custody = false): Secrets {
  if (!custody && !existsSync(folder.masterKey)) writeAtomically(folder.masterKey, random(32))
  const kept: unknown = existsSync(folder.secrets) ? JSON.parse(readFileSync(folder.secrets, 'utf8')) : {}
  const fresh = {
    databasePassword: random(24),
    linkSecret: random(32),
    cryptoSecret: random(32),
    tokenSecret: random(32),
    serviceKeySecret: random(32),
    webhookSecret: random(32),
    adminPassword: adminPassword ?? random(12),
  }
  const secrets = Secrets.parse({ ...fresh, ...(kept as object) })
  writeAtomically(folder.secrets, `${JSON.stringify(secrets, null, 2)}\n`)
  return secrets
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
