import { readFile, stat } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'

const MIN_BYTES = 16
const OTHERS = 0o077

/**
 * Content of the master key file. In production a file that anybody but its owner may read is refused.
 * @throws HesError CONFIG_INVALID
 */
export async function readMasterKeyFile(path: string, production: boolean): Promise<Buffer> {
  const content = await readSecretFile('ZHUZHAN_MASTER_KEY_FILE', path, production)
  if (content.length < MIN_BYTES) throw new HesError('CONFIG_INVALID', `${path} holds less than ${MIN_BYTES} bytes`)
  return content
}

/** A file with a secret in it, named by this variable. @throws HesError CONFIG_INVALID, also when others may read it in production */
export async function readSecretFile(variable: string, path: string, production: boolean): Promise<Buffer> {
  try {
    const { mode } = await stat(path)
    if (production && (mode & OTHERS) !== 0) throw new HesError('CONFIG_INVALID', `${path} must be readable by its owner only (chmod 600)`)
    return await readFile(path)
  } catch (error) {
    if (error instanceof HesError) throw error
    throw new HesError('CONFIG_INVALID', `${variable}: ${errorText(error)}`, {}, { cause: error })
  }
}
