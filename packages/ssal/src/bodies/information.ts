import { prefixedHex, sequence } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'

/**
 * What a terminal answers to a frame of type 2: each field behind its length, all as hex. Reference §2. How many
 * bytes the length takes is not stated (setting `fieldLength`).
 */
export const information = (length: Codec<number>) => {
  const field = prefixedHex(length)
  return sequence({
    esamSerial: field,
    esamVersion: field,
    symmetricLinkKeyVersion: field,
    certificateVersion: field,
    sessionThreshold: field,
    sessionRemaining: field,
    counter: field,
    linkCertificateSerial: field,
    linkCertificate: field,
    gatewayCertificateSerial: field,
    terminalSerial: field,
    esn: field,
  })
}
export type Information = TypeOf<ReturnType<typeof information>>

/** Bytes of the fields whose size the reference states. */
export const INFORMATION_SIZES: Readonly<Partial<Record<keyof Information, number>>> = {
  esamSerial: 8, esamVersion: 4, symmetricLinkKeyVersion: 16, certificateVersion: 2, sessionThreshold: 4, sessionRemaining: 4, counter: 8,
  linkCertificateSerial: 16, gatewayCertificateSerial: 16, terminalSerial: 24, esn: 20,
}

/** How many fields have the size that the reference states: tells the right reading of the length from one that ends by chance. */
export function fittingSizes(fields: Information): number {
  return Object.entries(INFORMATION_SIZES).filter(([key, size]) => fields[key as keyof Information].length === 2 * size).length
}
