import { readFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'

const LEAST = 8
const END_OF_TEXT = '\u0003'

/** From a file (its first line), or asked for on the terminal without showing it. @throws HesError BODY_INVALID */
export async function passphraseOf(question: string, file: string | undefined): Promise<Buffer> {
  const text = file === undefined ? await ask(question) : ((await readFile(file, 'utf8')).split(/\r?\n/)[0] ?? '')
  if (text.length < LEAST) throw new HesError('BODY_INVALID', `A passphrase has at least ${LEAST} characters.`)
  return Buffer.from(text, 'utf8')
}

/** One line a person; for ceremonies without a keyboard (tests, tokens that type). @throws HesError BODY_INVALID */
export async function passphraseLines(file: string, count: number): Promise<Buffer[]> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line !== '')
  if (lines.length !== count || lines.some((line) => line.length < LEAST)) throw new HesError('BODY_INVALID', `${file} must hold ${count} lines of at least ${LEAST} characters.`)
  return lines.map((line) => Buffer.from(line, 'utf8'))
}

function ask(question: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) throw new HesError('BODY_INVALID', `${question}: there is no terminal to ask on; name a file with --passphrase-file.`)
  stderr.write(`${question}: `)
  stdin.setRawMode(true).setEncoding('utf8').resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const done = (): void => {
      stdin.off('data', take).setRawMode(false).pause()
      stderr.write('\n')
    }
    const take = (keys: string): void => {
      for (const key of keys) {
        if (key === END_OF_TEXT) {
          done()
          return reject(new HesError('BODY_INVALID', 'given up'))
        }
        if (key === '\r' || key === '\n') {
          done()
          return resolve(typed)
        }
        typed = key === '\u007f' ? typed.slice(0, -1) : typed + key
      }
    }
    stdin.on('data', take)
  })
}
