import { readFileSync } from 'node:fs'

/** One entry of vectors/frames-dlt645.json; what `decoded` says was found by another decoder or follows from the layout. */
export interface FrameVector {
  hex: string
  description: string
  source: string
  decoded: Decoded
}

export interface Decoded {
  preambleFE: number
  address: string
  control: string
  direction: 'master->slave' | 'slave->master'
  abnormal: boolean
  followUp: boolean
  function: string
  length: number
  dataMinus33?: string
  di?: string
  value?: string
  meaning?: string
  note?: string
  err?: string
  passwordLevel?: string
  password?: string
  operator?: string
  n1?: string
  n2?: string
  validUntil?: string
  cipherAndMacWire?: string
  cipherAndMac?: string
  plaintext?: string
}

export const frameVectors = JSON.parse(readFileSync(new URL('../../vectors/frames-dlt645.json', import.meta.url), 'utf8')) as FrameVector[]
