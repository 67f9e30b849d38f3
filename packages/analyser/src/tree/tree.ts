import { fromHex } from '@zhuzhan/core'
import { analyse, partsOf } from '../frames/analyse.js'
import type { AnalyseOptions } from '../frames/analyse.js'
import { readWithPlaces } from './read.js'
import { renderReading } from './render.js'
import type { Language } from './words.js'

export interface TreeOptions extends AnalyseOptions {
  /** English unless said; `both` puts the Chinese term behind the English one. */
  language?: Language
}

/**
 * One frame for people: a line a member with its byte range, its bytes, its name, its value and what that stands for;
 * frames inside; scaled values at the end. A broken frame is shown up to the byte that reading stumbled over, with
 * what should have stood there. Never throws for any bytes; the lines end in `\n`.
 */
export function tree(given: Uint8Array | string, { language = 'en', ...options }: TreeOptions = {}): string {
  const bytes = typeof given === 'string' ? hexBytes(given) : Buffer.from(given)
  if (typeof bytes === 'string') return `${bytes}\n`
  return renderReading(readWithPlaces(bytes, options), bytes, language).map((line) => `${line}\n`).join('')
}

/**
 * A tree for everything that analyseAll gives a result for. `ok`: every part is a whole frame.
 */
export function treeAll(bytes: Buffer, { language = 'en', ...options }: TreeOptions = {}): { ok: boolean; trees: string[] } {
  const parts = analyse(bytes, options).ok ? [{ from: 0, bytes }] : partsOf(bytes, options)
  const readings = parts.map((part) => readWithPlaces(part.bytes, { ...options, ...('protocol' in part && part.protocol && { protocol: part.protocol }) }, part.from))
  return {
    ok: readings.every(({ error }) => error === undefined),
    trees: readings.map((reading) => renderReading(reading, bytes, language).map((line) => `${line}\n`).join('')),
  }
}

function hexBytes(text: string): Buffer | string {
  try {
    return fromHex(text)
  } catch (error) {
    return (error as Error).message
  }
}
