import { EncodeError, reversedHex } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Codec } from '@zhuzhan/codec'
import type { FunctionCode } from './control.js'

/** LUD: the return code of an answer and the content. Reference §2. */
export interface Lud {
  /** 4 hex digits, a key of RETURN_CODES; there exactly when FC says PRM = 0. */
  returnCode?: string
  /** What the length counts when there is a return code: UNSURE, reference §2 (setting `ludLength`). */
  lengthCounts?: LengthCounts
  content: Buffer
}

export type LengthCounts = 'content' | 'return-code-and-content'

const ReturnCode = reversedHex(2)
const RETURN_CODE_SIZE = 2

function answers(fc: FunctionCode | undefined): boolean {
  return fc?.prm === 0
}

/** Fills the window it is read in. `setting`: of `ludLength`; with `auto` the length itself tells what it counts. */
export function lud(fc: FunctionCode | undefined, setting: string): Pick<Codec<Lud>, 'read'> {
  return {
    read: (r) => {
      const at = r.offset
      const length = r.u16le()
      r.trace?.leaf('length', r.origin + at, r.origin + r.offset, length)
      if (!answers(fc)) {
        if (length !== r.remaining) r.fail(`a length of ${r.remaining}`, at)
        return { content: content(r) }
      }
      const lengthCounts = counted(r, length, setting, at)
      return { returnCode: r.trace === undefined ? ReturnCode.read(r) : r.traced('returnCode', ReturnCode), lengthCounts, content: content(r) }
    },
  }
}

function counted(r: ByteReader, length: number, setting: string, at: number): LengthCounts {
  if (length === r.remaining - RETURN_CODE_SIZE && setting !== 'return-code-and-content') return 'content'
  if (length === r.remaining && setting !== 'content') return 'return-code-and-content'
  return r.fail(`a length of ${setting === 'return-code-and-content' ? r.remaining : r.remaining - RETURN_CODE_SIZE}`, at)
}

function content(r: ByteReader): Buffer {
  const at = r.origin + r.offset
  const bytes = r.bytes(r.remaining)
  r.trace?.leaf('content', at, at + bytes.length, bytes)
  return bytes
}

export function writeLud(w: ByteWriter, fc: FunctionCode | undefined, { returnCode, lengthCounts = 'content', content: bytes }: Lud): void {
  if (answers(fc) !== (returnCode !== undefined)) throw new EncodeError('lud.returnCode', answers(fc) ? 'a return code, since PRM is 0' : 'no return code unless PRM is 0')
  w.u16le(bytes.length + (returnCode !== undefined && lengthCounts === 'return-code-and-content' ? RETURN_CODE_SIZE : 0))
  if (returnCode !== undefined) ReturnCode.write(w, returnCode)
  w.bytes(bytes)
}
