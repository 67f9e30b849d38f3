import { spawn } from 'node:child_process'

/**
 * Should the rig be killed, nothing of it stays: a shell whose standard input we hold wakes when we die, ends the servers named in
 * the pid files, then takes the mounted disk and the folder away. The station has a guard of its own.
 * @returns ends the guard, after an ordered end
 */
export function guardRun(folder: string, pidFiles: readonly string[]): () => void {
  const script = `
    cat >/dev/null
    folder=$1; shift
    for file in "$@"; do pid=$(head -n 1 -- "$file" 2>/dev/null) && kill -CONT "$pid" && kill -INT "$pid"; done 2>/dev/null
    sleep 30
    for file in "$@"; do pid=$(head -n 1 -- "$file" 2>/dev/null) && kill -KILL "$pid"; done 2>/dev/null
    sleep 1
    umount "$folder/disk" 2>/dev/null || umount -l "$folder/disk" 2>/dev/null
    rm -rf -- "$folder"`
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder, ...pidFiles], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  return () => {
    shell.kill('SIGKILL')
    shell.stdin.destroy()
  }
}
