import type { ByteReader, ByteWriter, Codec } from '@zhuzhan/codec'

/** First and last byte of every frame of both protocols. */
export const START = 0x68
export const END = 0x16

export const startByte: Codec<number> = fixed(START, '68')
export const endByte: Codec<number> = fixed(END, '16')

function fixed(byte: number, name: string): Codec<number> {
  return { read: (r) => r.u8() === byte ? byte : r.fail(name, r.offset - 1), write: (w) => w.u8(byte) }
}

/** CS: the sum modulo 256 of the bytes from `from` (C) up to it. Reference §A1, §B1. */
export function readChecksum(r: ByteReader, from: number): number {
  const at = r.offset
  const found = r.u8()
  return found === sum(r.source, from, at) ? found : r.fail('the checksum', at)
}

/** Ends a frame: CS over what was written from `from` on, then 16. */
export function writeEnd(w: ByteWriter, from: number): void {
  w.u8(sum(w.finish(), from, w.length))
  w.u8(END)
}

function sum(bytes: Buffer, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += bytes[i]!
  return total & 0xff
}
