import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HesError } from '@zhuzhan/core'
import { createCollector, splitMasterKey, writeShareFile } from '@zhuzhan/custody'
import type { CustodySet } from '@zhuzhan/custody'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { writeDurably } from '@zhuzhan/service-kit'
import { passphraseLines, passphraseOf } from './passphrase.js'

export interface SplitOptions {
  threshold: string
  /** Names separated by commas. */
  officers: string
  /** New folder. */
  out: string
  wrap?: boolean
  passphrases?: string
}

export interface SplitFiles {
  set: CustodySet
  officers: readonly string[]
  shares: readonly string[]
  custody: string
}

/**
 * The shares of a master key as files, one an officer, and custody.json beside them; on the disk before this resolves.
 * @throws HesError EXISTS_ALREADY, ENGINE_FAULT when the shares do not give the key back: then nothing was written
 */
export async function writeSplit(engine: Sm2Engine, masterKey: Buffer, options: SplitOptions): Promise<SplitFiles> {
  const officers = options.officers.split(',').map((name) => name.trim())
  const passphrases = options.passphrases === undefined ? undefined : await passphraseLines(options.passphrases, officers.length)
  const { set, payloads } = await splitMasterKey(engine, masterKey, Number(options.threshold), officers)
  try {
    await proveTogether(engine, set, payloads, masterKey)
    await mkdir(options.out, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      throw new HesError(error.code === 'EEXIST' ? 'EXISTS_ALREADY' : 'INTERNAL', `${options.out}: ${error.code === 'EEXIST' ? 'there already; name a new folder' : error.message}`)
    })
    const shares: string[] = []
    for (const [at, payload] of payloads.entries()) {
      const name = officers[at] ?? ''
      const passphrase = passphrases?.[at] ?? (options.wrap ? await passphraseOf(`passphrase of ${name}`, undefined) : undefined)
      const file = join(options.out, `share-${at + 1}-${name.replace(/[^\p{L}\p{N}_-]/gu, '_')}.json`)
      await writeDurably(file, writeShareFile(set, at + 1, payload, passphrase))
      passphrase?.fill(0)
      shares.push(file)
    }
    const custody = join(options.out, 'custody.json')
    await writeDurably(custody, `${JSON.stringify(set, null, 2)}\n`)
    return { set, officers, shares, custody }
  } finally {
    for (const one of payloads) one.fill(0)
  }
}

/** A split that does not come back is found out now and not on the day it is needed. */
async function proveTogether(engine: Sm2Engine, set: CustodySet, payloads: readonly Buffer[], masterKey: Buffer): Promise<void> {
  const collector = createCollector(engine, set)
  for (const [at, payload] of payloads.slice(-set.threshold).entries()) await collector.offer(set.set, payloads.length - set.threshold + at + 1, payload)
  const back = await collector.combine()
  const same = back.equals(masterKey)
  back.fill(0)
  collector.wipe()
  if (!same) throw new HesError('ENGINE_FAULT', 'the shares did not give the key back; nothing was written')
}
