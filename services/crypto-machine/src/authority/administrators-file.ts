import { readFile } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'
import type { Random } from '@zhuzhan/gm-crypto'
import { writeDurably } from '@zhuzhan/service-kit'

const PASSWORD_BYTES = 18

/**
 * The file with the first administrators. Production: written by their ceremony. Laboratory: when it is not there two are invented,
 * with random passwords, and the file is how people learn them (mode 0600).
 * @throws HesError CONFIG_INVALID
 */
export async function readAdministratorsFile(path: string, production: boolean, random: Random): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (production || !missing) throw new HesError('CONFIG_INVALID', `ZHUZHAN_ADMINISTRATORS_FILE: ${errorText(error)}`, {}, { cause: error })
  }
  const administrators = ['First administrator', 'Second administrator'].map((name) => ({
    person: random(8).toString('hex').toUpperCase(),
    name,
    password: random(PASSWORD_BYTES).toString('base64url'),
  }))
  const content = `${JSON.stringify({ administrators }, null, 2)}\n`
  await writeDurably(path, content)
  return content
}
