import { spawn } from 'node:child_process'

/**
 * A throw-away server must not outlive the test that started it, however that ends. The guard is a shell whose standard
 * input we hold: when this process dies, the input ends, the shell stops the server named in `pidFile` and removes `folder`.
 * @returns ends the guard without any of this, after an ordered stop
 */
export function guard(pidFile: string, folder: string): () => void {
  const script = `
    cat >/dev/null
    pid=$(head -n 1 -- "$1" 2>/dev/null) || exit 0
    kill -INT "$pid" 2>/dev/null
    for i in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done
    rm -rf -- "$2"`
  const shell = spawn('/bin/sh', ['-c', script, 'sh', pidFile, folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.unref()
  return () => {
    shell.kill('SIGKILL')
    shell.stdin.destroy()
  }
}
