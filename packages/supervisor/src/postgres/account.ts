import { spawnSync } from 'node:child_process'
import { existsSync, lchownSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HesError } from '@zhuzhan/core'

/** As whom the database programs run. PostgreSQL refuses to run as root. */
export interface Account {
  /** For the log: `root`, `postgres`, … */
  who: string
  /** For spawn(); absent = ours. */
  ids: { uid?: number; gid?: number }
  /** Who must own the data folder; `undefined` = leave as it is. */
  owner: { uid: number; gid: number } | undefined
  /** The command line that runs `program` under this account. */
  command(program: string, args: readonly string[]): [string, string[]]
}

const direct = (program: string, args: readonly string[]): [string, string[]] => [program, [...args]]
/** Inside this namespace root's files belong to `nobody`, and so does the process: a private (0700) folder works. */
const USER_NAMESPACE = ['--user', '--map-user=65534', '--map-group=65534'] as const

/**
 * Not root: ourselves. Root: the account `postgres` or `nobody` where it can reach program and folder, else a user
 * namespace of its own.
 * @param program the `postgres` binary
 * @param folder the data folder; it need not exist, its parent must
 * @throws HesError UNAVAILABLE with the one message what to do
 */
export function chooseAccount(program: string, folder: string): Account {
  if (process.getuid?.() !== 0) return { who: 'us', ids: {}, owner: undefined, command: direct }
  for (const { name, uid, gid } of accounts(['postgres', 'nobody'])) {
    const reaches = (command: string, args: string[]): boolean => spawnSync(command, args, { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0
    if (reaches(program, ['--version']) && reaches('/bin/sh', ['-c', 'cd -- "$1"', 'sh', dirname(folder)])) {
      return { who: name, ids: { uid, gid }, owner: { uid, gid }, command: direct }
    }
  }
  if (spawnSync('unshare', [...USER_NAMESPACE, program, '--version'], { stdio: 'ignore' }).status === 0) {
    const command = (target: string, args: readonly string[]): [string, string[]] => ['unshare', [...USER_NAMESPACE, target, ...args]]
    return { who: 'root in a user namespace', ids: {}, owner: { uid: 0, gid: 0 }, command }
  }
  throw new HesError(
    'UNAVAILABLE',
    `PostgreSQL does not run as root, and no other account can reach ${dirname(folder)} or the program files. Do one of: start as another user; ` +
      'put checkout and ZHUZHAN_DATA_DIR where the account "postgres" or "nobody" may enter (chmod o+x on the folders above); set DATABASE_URL to a running PostgreSQL.',
  )
}

/** Gives the whole data folder to the account: it may have been made under another one. */
export function giveFolder(folder: string, { owner }: Account): void {
  if (!owner || !existsSync(folder)) return
  const found = lstatSync(folder)
  if (found.uid === owner.uid && found.gid === owner.gid) return
  const give = (path: string): void => {
    lchownSync(path, owner.uid, owner.gid)
    if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name))
  }
  // The folder itself last: an interrupted walk is done again.
  for (const name of readdirSync(folder)) give(join(folder, name))
  lchownSync(folder, owner.uid, owner.gid)
}

function accounts(names: readonly string[]): { name: string; uid: number; gid: number }[] {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')) : []
  return names.flatMap((name) => {
    const found = lines.find(([login]) => login === name)
    return found ? [{ name, uid: Number(found[2]), gid: Number(found[3]) }] : []
  })
}
