import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectCryptoMachine } from '@zhuzhan/crypto-client'
import type { CryptoMachineClient } from '@zhuzhan/crypto-client'
import { createLogger } from '@zhuzhan/service-kit'
import { SERVICE_PROGRAM, freePorts } from '@zhuzhan/supervisor'
import { PROJECT } from '@zhuzhan/testing'

/** The crypto machine as a process of its own on a real database: what a supervisor runs, but killed and begun by a test. */
export interface MachineProcess {
  readonly url: string
  readonly secret: string
  readonly pid: number | undefined
  /** What it wrote to its log, all of its lives. */
  log(): string
  start(): void
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Several of them may share a database: then they share the master key file, too. */
export interface MachineHouse {
  /** Socket file on which a process takes ceremonies. */
  readonly ceremonies: string
  readonly masterKey: Buffer
  process(): Promise<MachineProcess>
  close(): void
}

const SECRET = 'kill test of the machine'

/** @param administrators content of ZHUZHAN_ADMINISTRATORS_FILE */
export function machineHouse(databaseUrl: string, administrators?: string): MachineHouse {
  const folder = mkdtempSync(join(tmpdir(), 'machine-house-'))
  const masterKey = join(folder, 'master.key')
  const key = Buffer.from('master key of a throw-away machine')
  writeFileSync(masterKey, key, { mode: 0o600 })
  const ceremonies = join(folder, 'ceremony.sock')
  const founders = join(folder, 'administrators.json')
  if (administrators !== undefined) writeFileSync(founders, administrators, { mode: 0o600 })

  return {
    ceremonies,
    masterKey: key,
    close: () => rmSync(folder, { recursive: true, force: true }),
    async process() {
      const [port = 0, ops = 0] = await freePorts(2)
      let child: ChildProcess | undefined
      let said = ''
      const end = async (signal: NodeJS.Signals): Promise<void> => {
        if (!child || child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill(signal)
        await gone
      }
      return {
        url: `ws://127.0.0.1:${port}`,
        secret: SECRET,
        get pid() { return child?.pid },
        log: () => said,
        start() {
          child = spawn(process.execPath, [...SERVICE_PROGRAM], {
            cwd: join(PROJECT, 'services/crypto-machine'),
            env: {
              ...process.env, NODE_OPTIONS: '', DATABASE_URL: databaseUrl, ZHUZHAN_CRYPTO_PORT: String(port), ZHUZHAN_OPS_PORT: String(ops),
              ZHUZHAN_CRYPTO_SECRET: SECRET, ZHUZHAN_MASTER_KEY_FILE: masterKey, ZHUZHAN_CEREMONY_SOCKET: ceremonies, ZHUZHAN_SERVICE: 'crypto-machine',
              ...(administrators !== undefined && { ZHUZHAN_ADMINISTRATORS_FILE: founders }),
            },
            stdio: ['ignore', 'pipe', 'pipe'],
          })
          for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => { said += part.toString() })
        },
        kill: () => end('SIGKILL'),
        stop: () => end('SIGTERM'),
      }
    },
  }
}

/** A front end's connection to a process of the machine, as soon as it answers. */
export function frontEndOf({ url, secret }: MachineProcess): Promise<CryptoMachineClient> {
  return connectCryptoMachine({ url, secret, identity: 'front-end', log: createLogger({ service: 'test', level: 'silent' }) }, 60_000)
}
