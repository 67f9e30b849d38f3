import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A report of three values that left the generator. */
export interface SentLine {
  kind: 'sent'
  /** Epoch ms. */
  at: number
  terminal: string
  /** Number within its terminal. */
  report: number
  meter: string
  /** Epoch ms of the values. */
  time: number
  /** In the order of ITEMS, as decimals. */
  values: string[]
}

/** The station's confirmation of a report; for secured terminals its MAC was checked. */
export interface AcknowledgedLine {
  kind: 'acknowledged'
  at: number
  terminal: string
  report: number
}

export type LedgerLine = SentLine | AcknowledgedLine

/** The generator's own book: append-only, one JSON array a line. What it says was written before the report could leave. */
export interface LedgerWriter {
  sent(line: Omit<SentLine, 'kind'>): void
  acknowledged(line: Omit<AcknowledgedLine, 'kind'>): void
  /** Everything so far is in the file. */
  flush(): void
  close(): void
}

export function writeLedger(path: string): LedgerWriter {
  const file = openSync(path, 'a', 0o600)
  let waiting: string[] = []
  const flush = (): void => {
    if (waiting.length === 0) return
    const text = waiting.join('')
    waiting = []
    writeSync(file, text)
  }
  return {
    sent: ({ at, terminal, report, meter, time, values }) => { waiting.push(`${JSON.stringify(['s', at, terminal, report, meter, time, values])}\n`) },
    acknowledged: ({ at, terminal, report }) => { waiting.push(`${JSON.stringify(['a', at, terminal, report])}\n`) },
    flush,
    close: () => {
      flush()
      closeSync(file)
    },
  }
}

/** @throws SyntaxError for a line that is none: the ledger's writer is never killed, so a torn line is a fault of ours */
export async function* readLedger(path: string): AsyncGenerator<LedgerLine> {
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    const [kind, at, terminal, report, meter, time, values] = JSON.parse(text) as [string, number, string, number, string, number, string[]]
    if (kind === 's') yield { kind: 'sent', at, terminal, report, meter, time, values }
    else yield { kind: 'acknowledged', at, terminal, report }
  }
}
