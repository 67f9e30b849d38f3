import { HesError, errorCode, errorText } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { ImportRow } from '@zhuzhan/contracts'
import type { RegistrationOptions, RegistrationOutcome } from '@zhuzhan/persistence'
import type { z } from 'zod'
import type { Header } from './columns.js'

/** What an import needs to know of the things it registers. */
export interface ImportKind<T extends { address: string }> {
  header(cells: readonly string[]): Header
  schema: z.ZodType<T>
  /** Throws to refuse a row that fits the schema. */
  allowed(row: T): void
  register(rows: readonly T[], options: RegistrationOptions): Promise<RegistrationOutcome[]>
}

/** Rows stored in one transaction. */
const CHUNK = 500
/** Cells that are numbers in REST. */
const NUMBERS = new Set(['ctRatio', 'ptRatio'])

interface Candidate<T> {
  row: number
  address: string | null
  value?: T
  refusal?: { code: ErrorCode; message: string }
}

/**
 * Registers the records of a file and tells what became of each row, in order. Rows are independent: a wrong one is refused
 * and the others go on. Storing again what is there changes nothing, so an import that broke off is simply repeated.
 */
export async function* importRows<T extends { address: string }>(kind: ImportKind<T>, header: Header, records: AsyncIterable<string[]>, options: RegistrationOptions): AsyncGenerator<ImportRow[]> {
  // What earlier chunks of a dry run would have created is not in the database.
  const wouldExist = options.dryRun ? new Set<string>() : undefined
  let chunk: Candidate<T>[] = []
  let row = 0
  for await (const cells of records) {
    row += 1
    chunk.push(candidate(kind, header, cells, row))
    if (chunk.length >= CHUNK) {
      yield await settle(kind, chunk, options, wouldExist)
      chunk = []
    }
  }
  if (chunk.length > 0) yield await settle(kind, chunk, options, wouldExist)
}

function candidate<T extends { address: string }>(kind: ImportKind<T>, header: Header, cells: readonly string[], row: number): Candidate<T> {
  const address = cells[header.indexOf('address')]?.slice(0, 40) ?? null
  const refuse = (code: ErrorCode, message: string): Candidate<T> => ({ row, address, refusal: { code, message } })
  if (cells.length !== header.length) return refuse('BODY_INVALID', `${cells.length} cells, the header has ${header.length}`)
  const object: Record<string, unknown> = {}
  header.forEach((field, index) => {
    const cell = cells[index]
    if (field !== undefined && cell !== undefined && cell !== '') object[field] = NUMBERS.has(field) ? Number(cell) : cell
  })
  const parsed = kind.schema.safeParse(object)
  if (!parsed.success) return refuse('BODY_INVALID', parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '))
  try {
    kind.allowed(parsed.data)
  } catch (error) {
    return refuse(errorCode(error), errorText(error))
  }
  return { row, address: parsed.data.address, value: parsed.data }
}

async function settle<T extends { address: string }>(kind: ImportKind<T>, chunk: readonly Candidate<T>[], options: RegistrationOptions, wouldExist?: Set<string>): Promise<ImportRow[]> {
  const good = chunk.flatMap(({ value }) => (value === undefined ? [] : [value]))
  const outcomes = good.length === 0 ? [] : await kind.register(good, options)
  let next = 0
  return chunk.map(({ row, address, value, refusal }) => {
    if (value === undefined) return { row, address, result: 'refused', ...refusal }
    const outcome = outcomes[next++]
    if (!outcome) throw new HesError('INTERNAL', 'an import row has no outcome')
    const { result, code, message } = outcome
    if (result === 'created' && wouldExist) {
      if (wouldExist.has(value.address)) return { row, address, result: 'exists', code: 'EXISTS_ALREADY', message: 'this address stood there before' }
      wouldExist.add(value.address)
    }
    return { row, address, result, ...(code === undefined ? {} : { code }), ...(message === undefined ? {} : { message }) }
  })
}
