import { ASYMMETRIC_CHECKS, SYMMETRIC_CHECKS, VectorFormatError, isRefusal, judgeCase, readCase } from '@zhuzhan/gm-crypto'
import type { Outcome, Sm2Engine, VectorCase } from '@zhuzhan/gm-crypto'
import { asctrAccepted, agseqAccepted } from '../counters.js'
import { ReportWindow } from '../report-window.js'
import { replaceField } from './mutate.js'
import { SECTIONS } from './sections.js'
import type { SectionContext } from './sections.js'

export interface VectorFailure {
  section: string
  id: string
  why: string
}

export interface VectorReport {
  passed: number
  failed: number
  skipped: number
  failures: VectorFailure[]
  /** Sections nobody here knows, with the number of their cases; counted as skipped. */
  unknown: { section: string; cases: number; why: string }[]
}

type Json = Readonly<Record<string, unknown>>
const listOf = (value: unknown): VectorCase[] => (Array.isArray(value) ? (value as VectorCase[]) : [])
const idOf = (c: VectorCase): string => String(c['id'] ?? '(no id)')

/** Run every case of a file in the format of vectors-sm.json, valid and invalid ones. */
export async function runVectors(file: Json, { engine }: { engine: Sm2Engine }): Promise<VectorReport> {
  const report: VectorReport = { passed: 0, failed: 0, skipped: 0, failures: [], unknown: [] }
  const note = (section: string, id: string, why: string | undefined): void => {
    if (why === undefined) report.passed++
    else {
      report.failed++
      report.failures.push({ section, id, why })
    }
  }
  const skip = (section: string, value: unknown): void => {
    const cases = Array.isArray(value) ? value.length : 1
    report.skipped += cases
    report.unknown.push({ section, cases, why: 'no check for this section' })
  }
  const checks = { ...SYMMETRIC_CHECKS, ...ASYMMETRIC_CHECKS }
  const profile = (file['openSessionProfile'] ?? {}) as Json

  for (const [section, value] of Object.entries(file)) {
    const check = checks[section]
    if (section === 'meta') continue
    else if (check) for (const c of listOf(value)) note(section, idOf(c), await judgeCase(check, c, engine))
    else if (section === 'openSessionProfile') await runProfile(profile, engine, note, skip)
    else if (section === 'openSessionProfileInvalid') await runInvalid(value as Json, profile, engine, note)
    else skip(section, value)
  }
  return report
}

type Note = (section: string, id: string, why: string | undefined) => void

function contextFor(profile: Json, engine: Sm2Engine): SectionContext {
  return {
    engine,
    session(id) {
      for (const mode of ['S', 'F'] as const) {
        const found = listOf(profile[`mode${mode}`]).find((c) => c['id'] === id)
        if (found) return { mode, source: readCase(found) }
      }
      throw new VectorFormatError(`no session '${id}'`)
    },
  }
}

/** A record inside a session's case, as a case of its own. */
function recordCases(session: VectorCase): VectorCase[] {
  return listOf(session['records']).map((record) => ({ base: session['id'], ...record }))
}

async function runProfile(profile: Json, engine: Sm2Engine, note: Note, skip: (section: string, value: unknown) => void): Promise<void> {
  const context = contextFor(profile, engine)
  for (const [name, value] of Object.entries(profile)) {
    const section = SECTIONS[name]
    if (!section) {
      skip(`openSessionProfile.${name}`, value)
      continue
    }
    const check = async (source: VectorCase): Promise<Outcome[]> => {
      const c = readCase(source)
      return [...((await section.make?.(c, context)) ?? []), ...(await section.receive(c, c, context))]
    }
    for (const c of listOf(value)) {
      note(`openSessionProfile.${name}`, idOf(c), await judgeCase(() => check(c), c, engine))
      if (name !== 'modeS' && name !== 'modeF') continue
      const records = SECTIONS['recordsMore']
      for (const record of recordCases(c)) {
        note(
          `openSessionProfile.${name}.records`,
          idOf(record),
          await judgeCase(async () => records?.receive(readCase(record), readCase(record), context) ?? [], record, engine),
        )
      }
    }
  }
}

/** Each case changes one field of an accepted base case, or sends it a second time, and must be refused. */
async function runInvalid(invalid: Json, profile: Json, engine: Sm2Engine, note: Note): Promise<void> {
  const context = contextFor(profile, engine)
  const sessionMode = (id: unknown): string => (listOf(profile['modeF']).some((c) => c['id'] === id) ? 'modeF' : 'modeS')
  const all = [
    ...listOf(invalid['cases']).map((c) => ({ c, section: sessionMode(invalid['base']), base: invalid['base'] })),
    ...listOf(invalid['more']).map((c) => ({ c, section: String(c['section']), base: c['base'] })),
  ]
  for (const { c, section, base } of all) {
    const why = await invalidCase(c, section, base, profile, context).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    )
    note('openSessionProfileInvalid', idOf(c), why)
  }
}

async function invalidCase(
  c: VectorCase,
  name: string,
  base: unknown,
  profile: Json,
  context: SectionContext,
): Promise<string | undefined> {
  const found = listOf(profile[name]).find((entry) => entry['id'] === base)
  if (!found) return `base case '${String(base)}' is not in section '${name}'`
  const field = typeof c['field'] === 'string' ? c['field'] : undefined

  // A change inside a session's records concerns that record; everything else concerns the case itself.
  const path = field === undefined ? null : /^records\[(\d+)\]\.(.+)$/.exec(field)
  const own = path ? recordCases(found)[Number(path[1])] : found
  const section = SECTIONS[path ? 'recordsMore' : name]
  if (!own || !section) return `nothing to check '${field ?? 'a repetition'}' with`

  const accepts = async (wire: VectorCase): Promise<boolean> => {
    try {
      const outcomes = await section.receive(readCase(own), readCase(wire), context)
      return outcomes.length > 0 && outcomes.every(({ ok }) => ok)
    } catch (error) {
      if (isRefusal(error)) return false
      throw error
    }
  }
  if (!(await accepts(own))) return 'the base case itself is refused'
  const again = field === undefined ? secondTimeAccepted(name, own) : await accepts(replaceField(own, path?.[2] ?? field, c['value']))
  return again ? 'accepted, must be refused' : undefined
}

/** Would the receiver that has just accepted this message take it a second time as something new? */
function secondTimeAccepted(section: string, source: VectorCase): boolean {
  const c = readCase(source)
  if (section === 'modeS' || section === 'modeF') return asctrAccepted(c.number('asctr'), c.number('asctr'))
  if (section === 'broadcast') return agseqAccepted(c.number('agseq'), c.number('agseq'))
  if (section === 'report' || section === 'reportEncrypted') {
    const window = new ReportWindow()
    window.mark(c.bytes('rn'), c.bytes('mac'))
    return window.judge(c.bytes('rn'), c.bytes('mac')) === 'new'
  }
  // Records by seq, proofs by their one-time RN, tickets by (ticketId, D), manifests by their challenge, counter answers
  // and confirmations by the exchange or report they end: each of those is used up by its first acceptance.
  return false
}
