import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's root: the folder with pnpm-workspace.yaml. */
export const PROJECT = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) folder = dirname(folder)
  return folder
})()

export const MIGRATIONS = join(PROJECT, 'prisma/migrations')
