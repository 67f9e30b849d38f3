import { HesError } from '@zhuzhan/core'
import { DerError } from '../der/reader.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { VectorFormatError, readCase } from './case.js'
import type { CaseReader, VectorCase } from './case.js'

/**
 * Run one case: each entry says whether one form of it (raw, DER, each byte order, each derived value) was accepted
 * or came out equal.
 */
export type VectorCheck = (testCase: CaseReader, engine: Sm2Engine) => Promise<readonly Outcome[]> | readonly Outcome[]
export type Outcome = { what: string; ok: boolean }

export const outcome = (what: string, ok: boolean): Outcome => ({ what, ok })
export const equal = (what: string, got: Uint8Array, want: Uint8Array): Outcome => outcome(what, Buffer.compare(got, want) === 0)

/**
 * A valid case needs every outcome good; a case with `valid: false` needs every outcome bad. A refusal may come as
 * an error of ours; any other error is a fault of the code and fails the case either way.
 * @returns why the case fails, or undefined when it passes
 */
export async function judgeCase(check: VectorCheck, source: VectorCase, engine: Sm2Engine): Promise<string | undefined> {
  const wanted = source['valid'] !== false
  try {
    const outcomes = await check(readCase(source), engine)
    if (outcomes.length === 0) return 'nothing was checked'
    const bad = outcomes.filter(({ ok }) => ok !== wanted)
    if (bad.length === 0) return undefined
    return `${bad.map(({ what }) => what).join(', ')}: ${wanted ? 'refused or different' : 'accepted, must be refused'}`
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    if (!wanted && isRefusal(error)) return undefined
    return wanted || error instanceof VectorFormatError ? text : `unexpected error: ${text}`
  }
}

/** One of the errors by which this code refuses input. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HesError || error instanceof RangeError || error instanceof DerError
}

/** True when the work ends well, false when it refuses; other errors pass through. */
export async function accepted(work: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    return (await work()) !== false
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}
