import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HesError } from '@zhuzhan/core'
import { z } from 'zod'

/** The folder that holds package.json of the whole project. */
export const PROJECT = resolve(fileURLToPath(new URL('.', import.meta.url)), '../../..')
export const MIGRATIONS = join(PROJECT, 'prisma/migrations')

const Running = z.object({ databaseUrl: z.string(), cryptoUrl: z.string(), cryptoSecret: z.string(), operatorApi: z.string(), gateway4g: z.string() })
export type RunningStation = z.infer<typeof Running>

/** Where the station keeps its data, as `npm start` decides it. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(PROJECT, env['ZHUZHAN_DATA_DIR'] || '.zhuzhan')
}

/**
 * How to reach the station: what its supervisor wrote into the data folder, or the environment where services run by themselves.
 * @throws HesError UNAVAILABLE with what to do
 */
export async function findStation(env: NodeJS.ProcessEnv = process.env): Promise<RunningStation> {
  const file = join(dataFolder(env), 'run/supervisor.json')
  const written = await readFile(file, 'utf8').then((text) => Running.safeParse(JSON.parse(text)), () => undefined)
  if (written?.success) return written.data
  const fromEnvironment = Running.safeParse({
    databaseUrl: env['DATABASE_URL'], cryptoUrl: env['ZHUZHAN_CRYPTO_URL'], cryptoSecret: env['ZHUZHAN_CRYPTO_SECRET'],
    operatorApi: env['ZHUZHAN_API_URL'] ?? '', gateway4g: env['ZHUZHAN_4G'] ?? '',
  })
  if (fromEnvironment.success) return fromEnvironment.data
  throw new HesError('UNAVAILABLE', `No running station found in ${dataFolder(env)}. Start it with 'npm start', name its folder in ZHUZHAN_DATA_DIR, or set DATABASE_URL, ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET.`)
}

/** The database alone, which may run without the services. */
export async function findDatabase(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return env['DATABASE_URL'] || (await findStation(env)).databaseUrl
}
