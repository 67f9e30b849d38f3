import type { ChaosResult } from './chaos.js'

/** What `--json` prints: of one run itself, of several their sums with the runs beside. */
export function summary(results: readonly ChaosResult[]): object {
  const [only] = results
  if (results.length === 1 && only) return only
  const sum = (of: (result: ChaosResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  return {
    backend: 'both',
    sent: sum(({ sent }) => sent), acknowledged: sum(({ acknowledged }) => acknowledged), stored: sum(({ stored }) => stored),
    lost: sum(({ lost }) => lost), duplicated: sum(({ duplicated }) => duplicated),
    kills: results.flatMap(({ backend, kills }) => kills.map((kill) => ({ backend, ...kill }))),
    runs: results.map(({ kills: _, ...rest }) => rest),
  }
}

/** For people. */
export function table(result: ChaosResult): string {
  const rows: [string, string | number][] = [
    ['queues on', result.backend], ['seed', result.seed],
    ['sent', result.sent], ['acknowledged', result.acknowledged], ['stored', result.stored],
    ['lost', result.lost], ['duplicated', result.duplicated], ['not ours', result.unexpected], ['conflicts', result.conflicts], ['dead letters', result.deadLetters],
    ['caught up', result.caughtUpSeconds === null ? 'no' : `${result.caughtUpSeconds} s after the last fault`],
    ['single faults', `settled within ${result.slowestSettleSeconds} s, ${result.unsettled} not within 30 s`],
    ...Object.entries(result.faults).map(([kind, count]): [string, number] => [`  ${kind}`, count]),
    ...Object.entries(result.skipped).map(([kind, why]): [string, string] => [`  ${kind}`, why]),
    ...Object.entries(result.memory).map(([name, { begin, most }]): [string, string] => [`  memory ${name}`, `${begin} MiB, at most ${most} MiB`]),
    ...result.examples.map((text): [string, string] => ['example', text]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n') + '\n'
}
