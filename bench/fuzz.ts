import { parseArgs } from 'node:util'
import { PROTOCOL_NAMES, fuzz, protocolOf } from './fuzz/index.js'

/**
 *   npm run fuzz -- <protocol> [--inputs N] [--seed S] [--seconds-limit T]
 *
 * One line of JSON with the counts on standard output, progress and failures on standard error. Exit code 1 when there
 * was a failure: an exception that is no DecodeError, bytes that do not come back, more than 10 ms of CPU.
 */
const USAGE = `usage: npm run fuzz -- <${PROTOCOL_NAMES.join('|')}> [--inputs N] [--seed S] [--seconds-limit T]`

function whole(text: string, name: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} ${text}: a whole number\n${USAGE}`)
  return value
}

function main(): void {
  // Half of all inputs are refused; nobody looks at those stacks, and taking them is a fifth of the time.
  Error.stackTraceLimit = 0
  const { values, positionals: [name = ''] } = parseArgs({
    allowPositionals: true,
    options: { 'inputs': { type: 'string', default: '100000' }, 'seed': { type: 'string', default: '1' }, 'seconds-limit': { type: 'string' } },
  })
  if (!(PROTOCOL_NAMES as readonly string[]).includes(name)) throw new RangeError(USAGE)
  const limit = values['seconds-limit']
  const counts = fuzz(protocolOf(name), {
    inputs: whole(values.inputs, 'inputs'), seed: whole(values.seed, 'seed'), ...(limit !== undefined && { secondsLimit: whole(limit, 'seconds-limit') }),
    progress: (text) => process.stderr.write(`${text}\n`),
  })
  process.stdout.write(`${JSON.stringify(counts)}\n`)
  process.exitCode = counts.mismatched + counts.otherErrors + counts.slow > 0 ? 1 : 0
}

try {
  main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
