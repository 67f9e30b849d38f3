import { readFileSync } from 'node:fs'

/** One entry of vectors/frames-gdw1376.json. */
export interface FrameVector {
  hex: string
  protocol: 'Q/GDW 1376.1' | 'Q/GDW 1376.2'
  description: string
  source: string
  decoded: Record<string, unknown>
}

const all = JSON.parse(readFileSync(new URL('../../vectors/frames-gdw1376.json', import.meta.url), 'utf8')) as FrameVector[]

export const upwardVectors = all.filter((one) => one.protocol === 'Q/GDW 1376.1')
export const localVectors = all.filter((one) => one.protocol === 'Q/GDW 1376.2')

/** The bytes of the entry whose description begins so. */
export function recorded(vectors: readonly FrameVector[], description: string): Buffer {
  return Buffer.from(vectors.find((one) => one.description.startsWith(description))!.hex, 'hex')
}
