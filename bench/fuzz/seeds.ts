import { readFileSync, readdirSync } from 'node:fs'
import { DecodeError } from '@zhuzhan/codec'
import type { Protocol } from '@zhuzhan/codec'
import { CONTROL, encodeFrame } from '@zhuzhan/dlt698'

const PACKAGES = new URL('../../packages/', import.meta.url)

/** Every text of hex digits in the recorded vectors of all packages, whatever its member is called. */
function recordedHex(): Set<string> {
  const found = new Set<string>()
  for (const name of readdirSync(PACKAGES)) {
    for (const file of vectorFiles(new URL(`${name}/vectors/`, PACKAGES))) {
      for (const [hex] of readFileSync(file, 'utf8').matchAll(/(?<=")(?:[0-9A-Fa-f]{2}){8,}(?=")/g)) found.add(hex)
    }
  }
  return found
}

function vectorFiles(folder: URL): URL[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => new URL(file, folder))
  } catch {
    return []
  }
}

/** One APDU of each choice of DL/T 698.45 that no recorded frame has; reference, "Layouts with no recorded frame". */
const UNRECORDED_698 = [
  '020100160000000000000000000000000000000000000000000000000200020001020000000064010331323300', '030100', '8301000000', '84 01 07EA0A05000000 07EA0A05000100 0000',
  '6E010200', 'EE01FF0000', '0504010160120300 08 07EA0A05000000 07EA0A06000000 01000F 01 01 00 40010200 00', '050501000100', '05060140000200 00',
  '0503016012030003 01 20210200 1C07EA0A05000000 1C07EA0A06000000 00 00 00', '0503016012030004 07EA0A05000000 03 02 07050000000000010705000000000002 00 00',
  '0503016012030005 07EA0A05000000 05 01 02 1101 1102 00 00', '0503016012030006 07EA0A05000000 07EA0A06000000 01000F 07 01 00 120001 120009 00 00',
  '0603010140000200 1C07EA0A05000000 40000200 05 00', '860301014000020000 400002000100 0000', '0702010140007F00 00 00', '070301014000 7F00 00 40000200 05 00',
  '8702010140007F0000 00 0000', '870301014000 7F0000 00 40000200 00 04 0000', '8801010140010200 010906000000000001 0000', '88030145000200 01 02 1234 0000',
  '8504010150040200 0100 00100201 01 01 0600000001 0000', '85050101000101 01200F02000112 1388 0000', '85060140000200 01 10 00112233445566778899AABBCCDDEEFF 0000',
  '8901010107050000000000010120000200 00 21 0000', '890201 0705000000000001 50020200 01 00 200F0200 01 01 121389 0000', '8903010107050000000000010140000200 00 0000',
  '890401010705000000000001 01 40000200 00 40000200 00 04 0000', '890501010705000000000001 01 40007F00 00 00 0000', '890601010705000000000001 01 40007F00 00 00 40000200 00 04 0000',
  '0902010064 0705000000000001 50020200 09 01 00 00', '09030100640107050000000000010000 01 40000200 00 00', '09040100640107050000000000010000 01 40000200 00 40000200 05 00',
  '09060100640107050000000000010000 01 40007F00 00 40000200 05 00', '1001 04 12345678 02 02 1234 04 12345678', '1000 08 0501002000020000 03 801C3110 02 0014', '9001 04 12345678 00', '9002 16 00',
  '8501012000020001 1203E8 01 01 01 31060200 00 04 01 07EA0A05000000 01000F', '8503016012030002 00 20210200 01 50040200 02 00100200 00200200 01 01 1C07EA0A05000000 0101 0600000001 0101 0600000002 0000',
  '85010140000200 01 0214 01 00 0301 0408FF 0500000001 1780000000 184000000000000000 1907EA0A050100000003E8 1A07EA0A0501 1B000000 502000 5220000200 01 20010200 5340007F00 54010001 560412345678 5702AABB 5802 1101 1102 59FF26 0000',
]

const address = { type: 'single', logical: 0, server: '000000000001', client: 0x10 } as const

function made(protocol: string): Buffer[] {
  if (protocol !== 'dlt698') return []
  return UNRECORDED_698.map((hex) => encodeFrame({ control: CONTROL.serverResponse, address, data: Buffer.from(hex.replaceAll(' ', ''), 'hex') }))
}

/** Frames to start from: recorded ones that this protocol accepts, and made ones. */
export function seedsOf(protocol: Protocol): Buffer[] {
  return [...[...recordedHex()].map((hex) => Buffer.from(hex, 'hex')).filter((bytes) => accepts(protocol, bytes)), ...made(protocol.name)]
}

function accepts(protocol: Protocol, bytes: Buffer): boolean {
  try {
    protocol.toJson(bytes)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
