import { readFileSync } from 'node:fs'
import { HesError } from '@zhuzhan/core'
import { ENGINE_NAMES, chooseEngine } from '@zhuzhan/gm-crypto'
import type { EngineChoice, EngineName } from '@zhuzhan/gm-crypto'
import { runVectors } from '@zhuzhan/osp1'

/** A few cases of every primitive and of both session modes, in the format of vectors-sm.json; see the file's meta. */
const KNOWN_ANSWERS = new URL('./known-answers.json', import.meta.url)

/**
 * Choose the SM2 engine and prove SM2, SM3, SM4 and the session profile on known answers before anything is served.
 * @throws HesError ENGINE_FAULT naming what failed
 */
export async function selfTest(order: readonly EngineName[] = ENGINE_NAMES): Promise<EngineChoice> {
  let choice: EngineChoice
  try {
    choice = await chooseEngine(order)
  } catch (error) {
    throw new HesError('ENGINE_FAULT', error instanceof Error ? error.message : undefined, {}, { cause: error })
  }
  const report = await runVectors(JSON.parse(readFileSync(KNOWN_ANSWERS, 'utf8')) as Record<string, unknown>, choice)
  if (report.failed > 0 || report.skipped > 0) {
    const [first] = report.failures
    throw new HesError('ENGINE_FAULT', 'a known answer of the session profile differs', {
      failed: report.failed,
      skipped: report.skipped,
      first: first ? `${first.section}/${first.id}` : '',
    })
  }
  return choice
}
