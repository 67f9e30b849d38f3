/** Results go to standard output and nothing else does: a script may read it. Words for people go to standard error. */
export interface Output {
  /** With `--json`: one line of JSON, the last. Otherwise the text for people. */
  result(value: unknown, text: string): void
  say(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    result: (value, text) => process.stdout.write(`${json ? JSON.stringify(value) : text}\n`),
    say: (text) => process.stderr.write(`${text}\n`),
  }
}
