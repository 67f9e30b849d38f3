import { execFileSync, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { SM2_DEFAULT_ID, createEngine } from '@zhuzhan/gm-crypto'
import { compare } from './harness.js'

/**
 * SM2 sign and verify through the engine, promises and thread pool included, against `openssl speed sm2` of the same
 * machine in the same run, and against sm-crypto. Operations a CPU second, so "per core": the engine runs in a process
 * with one pool thread, because two threads on the halves of one core would each look slow.
 */
const MESSAGE = Buffer.alloc(20, 0x68) // as long as the message of `openssl speed`
const SECONDS = 1
type Operation = 'sign' | 'verify'
const self = fileURLToPath(import.meta.url)

if (process.send) serve()
else {
  const child = fork(self, [], { execArgv: process.execArgv, env: { ...process.env, UV_THREADPOOL_SIZE: '1' } })
  const ours = (operation: Operation): Promise<number> => {
    const rate = new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number)))
    child.send(operation)
    return rate
  }
  for (const operation of ['sign', 'verify'] as const) {
    await compare(`sm2-${operation} against openssl speed`, 'a CPU second', 7, () => ours(operation), async () => opensslSpeed(operation))
    await compare(`sm2-${operation} against sm-crypto`, 'a CPU second', 3, () => ours(operation), async () => smCrypto(operation))
  }
  child.disconnect()
}

/** The child: eight operations in flight, as the crypto machine has them. */
function serve(): void {
  const engine = createEngine('openssl')
  const prepared = engine.generateKeyPair().then(async (pair) => ({ ...pair, signature: await engine.sign(pair.privateKey, SM2_DEFAULT_ID, MESSAGE) }))
  process.on('message', (operation: Operation) => void measure(operation))
  process.once('disconnect', () => engine.close())

  const measure = async (operation: Operation): Promise<void> => {
    const { privateKey, publicKey, signature } = await prepared
    const one = async (): Promise<void> => {
      if (operation === 'sign') await engine.sign(privateKey, SM2_DEFAULT_ID, MESSAGE)
      else if (!(await engine.verify(publicKey, SM2_DEFAULT_ID, MESSAGE, signature))) throw new Error('refused')
    }
    const from = process.cpuUsage()
    const until = performance.now() + SECONDS * 1000
    let done = 0
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (; performance.now() < until; done++) await one()
    }))
    process.send?.(done / cpuSeconds(from))
  }
}

function cpuSeconds(from: NodeJS.CpuUsage): number {
  const spent = process.cpuUsage(from)
  return (spent.user + spent.system) / 1e6
}

/** Last line: bits, name, seconds a signature, seconds a verification, signatures and verifications a CPU second. */
function opensslSpeed(operation: Operation): number {
  const text = execFileSync('openssl', ['speed', '-seconds', String(SECONDS), 'sm2'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [signs, verifications] = (text.trim().split('\n').at(-1) ?? '').trim().split(/\s+/).slice(-2).map(Number)
  return (operation === 'sign' ? signs : verifications) ?? Number.NaN
}

interface SmCrypto {
  generateKeyPairHex(): { privateKey: string; publicKey: string }
  doSignature(message: number[], privateKey: string, options: object): string
  doVerifySignature(message: number[], signature: string, publicKey: string, options: object): boolean
}

function smCrypto(operation: Operation): number {
  // A test dependency of gm-crypto alone: nothing else may use it.
  const { sm2 } = createRequire(new URL('../packages/gm-crypto/package.json', import.meta.url))('sm-crypto') as { sm2: SmCrypto }
  const { privateKey, publicKey } = sm2.generateKeyPairHex()
  const options = { hash: true, publicKey, userId: SM2_DEFAULT_ID.toString() }
  const message = [...MESSAGE]
  const signature = sm2.doSignature(message, privateKey, options)
  const from = process.cpuUsage()
  let done = 0
  for (const until = performance.now() + SECONDS * 1000; performance.now() < until; done++) {
    if (operation === 'sign') sm2.doSignature(message, privateKey, options)
    else if (!sm2.doVerifySignature(message, signature, publicKey, options)) throw new Error('refused')
  }
  return done / cpuSeconds(from)
}
