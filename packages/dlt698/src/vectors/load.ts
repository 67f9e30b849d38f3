import { readFileSync } from 'node:fs'

/** One entry of vectors/frames-dlt698.json. */
export interface FrameVector {
  hex: string
  description: string
  source: string
  kind: 'frame' | 'segment'
  decoded: {
    length: number
    control: Record<string, unknown>
    address: Record<string, unknown>
    hcs: string
    fcs: string
    apdu?: Record<string, unknown>
    userData?: string
    segmentWord?: { number: number; type: string }
    fragment?: string
    innerFrame?: { leadingFE?: number; hex: string; description: string }
  }
  segmentGroup?: { name: string; order: number; count: number; reassembled: { apdu: string } }
}

export const frameVectors = JSON.parse(
  readFileSync(new URL('../../vectors/frames-dlt698.json', import.meta.url), 'utf8'),
) as FrameVector[]
