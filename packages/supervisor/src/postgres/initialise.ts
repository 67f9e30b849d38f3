import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { giveFolder } from './account.js'
import type { Account } from './account.js'
import type { PostgresBinaries } from './binaries.js'

export interface ClusterOptions {
  /** The data folder (PGDATA). Its parent must exist. */
  folder: string
  user: string
  password: string
}

/**
 * Makes a new cluster unless there is one. Made aside and renamed when whole, so an interrupted attempt leaves nothing that
 * looks like a database.
 * @returns true when it was made now
 */
export async function initialiseCluster({ folder, user, password }: ClusterOptions, { initdb }: PostgresBinaries, account: Account): Promise<boolean> {
  if (existsSync(join(folder, 'PG_VERSION'))) {
    giveFolder(folder, account)
    return false
  }
  const aside = `${folder}.new`
  const passwordFile = `${folder}.password`
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside, { mode: 0o700 })
  // initdb reads the password from a real file only, as the account it runs under.
  rmSync(passwordFile, { force: true })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account.owner) for (const path of [aside, passwordFile]) chownSync(path, account.owner.uid, account.owner.gid)
  try {
    // The builtin locale sorts alike on every machine, whatever its C library.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    await run(...account.command(initdb, ['-D', aside, '-U', user, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...locale]), account)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(aside, folder)
  return true
}

async function run(command: string, args: string[], { ids }: Account): Promise<void> {
  const child = spawn(command, args, { ...ids, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => { output += part.toString() })
  const code = await new Promise((resolve) => {
    child.once('error', (error) => { output += error.message; resolve(1) })
    child.once('close', (status, signal) => resolve(signal ?? status))
  })
  if (code !== 0) throw new HesError('UNAVAILABLE', `The database could not be created (initdb: ${String(code)}):\n${output.trim()}`)
}
