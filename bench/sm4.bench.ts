import { execFileSync } from 'node:child_process'
import { createCcm, sm3, sm4CbcEncrypt, sm4CcmOpen, sm4CcmSeal, sm4Ctr, sm4Gcm } from '@zhuzhan/gm-crypto'
import { compare } from './harness.js'

/**
 * Bulk SM3 and SM4 in blocks of 16 KiB against `openssl speed -evp` of the same machine in the same run; then records of
 * 256 bytes as OSP-1 seals them (AAD of 40, tag of 8), kept keys against a key set up for every record. Per CPU second.
 * OpenSSL 3.0 has no SM4-GCM: its foil is the CTR of the foil, which is only the encrypting half of the work.
 */
const BLOCK = 16_384
const SECONDS = 1
const [key, iv, nonce, block] = [Buffer.alloc(16, 7), Buffer.alloc(16, 1), Buffer.alloc(12, 2), Buffer.alloc(BLOCK, 3)]
const [record, recordAad] = [Buffer.alloc(256, 5), Buffer.alloc(40, 6)]

/** Calls a CPU second. */
function perSecond(work: () => unknown): number {
  for (let i = 0; i < 50; i++) work()
  const from = process.cpuUsage()
  let done = 0
  for (const until = performance.now() + SECONDS * 1000; performance.now() < until; done += 10) for (let i = 0; i < 10; i++) work()
  const spent = process.cpuUsage(from)
  return done / ((spent.user + spent.system) / 1e6)
}

/** MB a CPU second; the last line is `name 12345.67k` in thousands of bytes. */
function opensslSpeed(algorithm: string): number {
  const text = execFileSync('openssl', ['speed', '-seconds', String(SECONDS), '-bytes', String(BLOCK), '-evp', algorithm], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return Number.parseFloat((text.trim().split('\n').at(-1) ?? '').trim().split(/\s+/).at(-1) ?? '') / 1000
}

const gcm = sm4Gcm(key)
const bulk: [name: string, foil: string, work: () => unknown][] = [
  ['sm3', 'sm3', () => sm3(block)],
  ['sm4-cbc', 'sm4-cbc', () => sm4CbcEncrypt(key, iv, block, 'none')],
  ['sm4-ctr', 'sm4-ctr', () => sm4Ctr(key, iv, block)],
  ['sm4-gcm against sm4-ctr', 'sm4-ctr', () => gcm.seal(nonce, iv, block)],
]
for (const [name, foil, work] of bulk) {
  await compare(name, 'MB a CPU second', 5, async () => (perSecond(work) * BLOCK) / 1e6, async () => opensslSpeed(foil))
}

const ccm = createCcm(key)
const { ciphertext, tag } = ccm.seal(nonce, recordAad, record, 8)
await compare('sm4-ccm seal, records of 256 bytes', 'a CPU second', 5,
  async () => perSecond(() => ccm.seal(nonce, recordAad, record, 8)), async () => perSecond(() => sm4CcmSeal(key, nonce, recordAad, record, 8)))
await compare('sm4-ccm open, records of 256 bytes', 'a CPU second', 5,
  async () => perSecond(() => ccm.open(nonce, recordAad, ciphertext, tag, 8)), async () => perSecond(() => sm4CcmOpen(key, nonce, recordAad, ciphertext, tag, 8)))
await compare('sm4-ccm key set up, one record, destroyed', 'a CPU second', 5,
  async () => perSecond(() => {
    const once = createCcm(key)
    once.seal(nonce, recordAad, record, 8)
    once.destroy()
  }), async () => perSecond(() => sm4CcmSeal(key, nonce, recordAad, record, 8)))
ccm.destroy()
