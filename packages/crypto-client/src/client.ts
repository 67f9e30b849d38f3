import { CRYPTO_OPERATIONS, CryptoRefusal, REPORT_COLUMNS, packReportRequests, readReportOutcomes } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOperation, CryptoOutcome, CryptoRequest, ReportOperation } from '@zhuzhan/contracts'
import { HesError, errorCode } from '@zhuzhan/core'
import { createPipeClient } from '@zhuzhan/service-kit'
import type { Logger, Part, PipeClient } from '@zhuzhan/service-kit'
import { currentTraceparent } from '@zhuzhan/telemetry'
import { z } from 'zod'

export interface CryptoMachineClientOptions {
  /** ws://host:port of the machine. */
  url: string
  secret: string
  /** The caller's own name: handles and tokens are bound to it. */
  identity: string
  log: Logger
  timeoutMs?: number
  /** The machine is there, for the first time or again. */
  onConnected?: () => void
}

/** Keys and certificates of a thousand devices take a while. */
const ISSUE_TIMEOUT_MS = 120_000

/** The port plus its life: start connects and keeps reconnecting, stop lets go. */
export type CryptoMachineClient = CryptoMachine & Part & { readonly connected: boolean }

/**
 * The crypto machine over its pipe. Concurrent calls of one operation travel in one message. While the machine is away
 * every call fails at once with UNAVAILABLE; nothing is repeated here, because sealing twice would be wrong.
 */
export function createCryptoMachineClient(options: CryptoMachineClientOptions): CryptoMachineClient {
  const pipe = createPipeClient({ ...options, slowOperations: { issueKeys: ISSUE_TIMEOUT_MS }, trace: currentTraceparent })
  const operations = Object.fromEntries(
    (Object.keys(CRYPTO_OPERATIONS) as CryptoOperation[]).map((op) => [op, callerOf(op, pipe.call)]),
  ) as unknown as CryptoMachine
  operations.openReport = inColumns('openReport', operations.openReport, pipe)
  operations.confirmReport = inColumns('confirmReport', operations.confirmReport, pipe)
  return Object.defineProperties(
    { ...operations, name: 'crypto-client', start: pipe.start, stop: pipe.stop },
    {
      connected: { get: () => pipe.connected, enumerable: true },
    },
  ) as CryptoMachineClient
}

function callerOf<O extends CryptoOperation>(op: O, call: (op: string, batch: readonly unknown[]) => Promise<unknown[]>) {
  const outcome = z.union([z.strictObject({ ok: z.literal(true), value: CRYPTO_OPERATIONS[op].result as z.ZodType }), CryptoRefusal])
  return async (batch: readonly CryptoRequest<O>[]): Promise<CryptoOutcome<O>[]> => {
    const results = await call(op, batch)
    return results.map((result) => {
      const parsed = outcome.safeParse(result)
      if (!parsed.success) throw new HesError('INTERNAL', `the crypto machine answered ${op} with another shape`)
      return parsed.data as CryptoOutcome<O>
    })
  }
}

/** Reports travel as columns of bytes. What does not fit them goes as single requests, and the machine says what is wrong with it. */
function inColumns<O extends ReportOperation>(op: O, singly: CryptoMachine[O], pipe: PipeClient) {
  return async (batch: readonly CryptoRequest<O>[]): Promise<readonly CryptoOutcome<O>[]> => {
    const packed = batch.length === 0 ? undefined : packReportRequests(op, batch)
    if (!packed) return singly(batch) as Promise<readonly CryptoOutcome<O>[]>
    let answer: unknown
    try {
      answer = await pipe.callWhole(REPORT_COLUMNS[op], packed, batch.length)
    } catch (error) {
      // A machine of before knows no columns; it has done nothing yet.
      if (errorCode(error) === 'BODY_INVALID') return singly(batch) as Promise<readonly CryptoOutcome<O>[]>
      throw error
    }
    try {
      return readReportOutcomes(op, answer as Uint8Array, batch.length)
    } catch (error) {
      throw new HesError('INTERNAL', `the crypto machine answered ${op} with another shape`, {}, { cause: error })
    }
  }
}
