import { readFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import { createCollector, readShareFile, sameSet, shareRefused } from '@zhuzhan/custody'
import type { Collector, ShareInFile } from '@zhuzhan/custody'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { passphraseOf } from './passphrase.js'

export interface NamedShare extends ShareInFile {
  file: string
}

/** Share files; each refusal says which file. @throws HesError SHARE_REFUSED, NOT_FOUND */
export async function readShares(files: readonly string[]): Promise<NamedShare[]> {
  const shares: NamedShare[] = []
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new HesError('NOT_FOUND', `${file}: ${error.message}`)
    })
    shares.push(inFile(file, () => ({ ...readShareFile(text), file })))
  }
  return shares
}

/** Share || signature, unwrapped; wipe it after use. */
export async function openShare(share: NamedShare, passphraseFile: string | undefined): Promise<Buffer> {
  if (!share.wrapped) return share.open()
  const passphrase = await passphraseOf(`passphrase of ${share.officer} (share ${share.number})`, passphraseFile)
  try {
    return inFile(share.file, () => share.open(passphrase))
  } finally {
    passphrase.fill(0)
  }
}

/** All shares into one collector. @throws HesError SHARE_REFUSED for the first that is not taken */
export async function collect(engine: Sm2Engine, shares: readonly NamedShare[], passphraseFile: string | undefined): Promise<Collector> {
  const [first] = shares
  if (!first) throw new HesError('BODY_INVALID', 'no share')
  const collector = createCollector(engine, first.set)
  for (const share of shares) {
    if (!sameSet(share.set, first.set)) throw named(share.file, shareRefused('foreign', { number: share.number }))
    const payload = await openShare(share, passphraseFile)
    await collector.offer(share.set.set, share.number, payload).catch((error: unknown) => {
      collector.wipe()
      throw named(share.file, error)
    })
    payload.fill(0)
  }
  return collector
}

function inFile<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw named(file, error)
  }
}

function named(file: string, error: unknown): unknown {
  if (!(error instanceof HesError) || error.code !== 'SHARE_REFUSED') return error
  return new HesError(error.code, `${file}: ${error.message}`, error.context, { cause: error })
}
