import { readFile } from 'node:fs/promises'
import { HesError, errorText } from '@zhuzhan/core'
import { readKeyFile } from '@zhuzhan/osp1'
import type { DeviceKeys, KeyFile } from '@zhuzhan/osp1'
import { z } from 'zod'

const KeyList = z.array(z.looseObject({ address: z.string() }))

/**
 * Laboratory keys by address, from a JSON list of what `zhuzhan keys issue` gives (design.md §3).
 * @throws HesError CONFIG_INVALID naming file and reason
 */
export async function readKeyList(path: string): Promise<Map<string, DeviceKeys>> {
  try {
    return keysByAddress(KeyList.parse(JSON.parse(await readFile(path, 'utf8'))) as unknown as KeyFile[])
  } catch (error) {
    throw new HesError('CONFIG_INVALID', `keys file ${path}: ${errorText(error)}`)
  }
}

export function keysByAddress(list: readonly KeyFile[]): Map<string, DeviceKeys> {
  return new Map(list.map((file) => [file.address, readKeyFile(file)]))
}
