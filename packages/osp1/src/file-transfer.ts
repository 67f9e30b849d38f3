import type { Apdu, Data } from '@zhuzhan/dlt698'

/** F001 of DL/T 698.45: transfer of a file block by block. */
export const FILE_START = 'F0010700'
export const FILE_BLOCK = 'F0010800'
export const FILE_BITMAP = 'F0010400'
/** Check kind 255, other: with OSP-1 the octet-string is W, and in a ticket the id of a release. §7.9 */
export const FIRMWARE_CHECK = 255

export interface FileStart {
  /** Bytes of the file. */
  size: number
  blockSize: number
  check: { kind: number; value: Buffer }
}

/** {file information, block size, check} of method 7; undefined for another form. */
export function fileStartOf(parameter: Data): FileStart | undefined {
  if (parameter.type !== 'structure' || parameter.items.length !== 3) return undefined
  const [file, block, check] = parameter.items
  if (file?.type !== 'structure' || file.items.length !== 6 || check?.type !== 'structure' || check.items.length !== 2) return undefined
  const [kind, value] = check.items
  const size = file.items[2]
  if (size?.type !== 'double-long-unsigned' || (block?.type !== 'long-unsigned' && block?.type !== 'double-long-unsigned')) return undefined
  if (kind?.type !== 'enum' || value?.type !== 'octet-string') return undefined
  return { size: size.value, blockSize: block.value, check: { kind: kind.value, value: Buffer.from(value.hex, 'hex') } }
}

/** The same parameter with another value of its check. */
export function withCheckValue(parameter: Data, value: Uint8Array): Data {
  if (parameter.type !== 'structure') return parameter
  const octets: Data = { type: 'octet-string', hex: Buffer.from(value).toString('hex').toUpperCase() }
  const items = parameter.items.map((item, i): Data => (i === 2 && item.type === 'structure' ? { type: 'structure', items: [...item.items.slice(0, 1), octets] } : item))
  return { type: 'structure', items }
}

export interface FileNames {
  source?: string
  target?: string
  version?: string
}

/** Parameter of method 7 for a firmware file. */
export function firmwareStart(size: number, blockSize: number, check: Uint8Array, { source = '', target = '', version = '' }: FileNames = {}): Data {
  const text = (value: string): Data => ({ type: 'visible-string', text: value })
  return {
    type: 'structure',
    items: [
      {
        type: 'structure',
        items: [text(source), text(target), { type: 'double-long-unsigned', value: size }, { type: 'bit-string', bits: 3, hex: 'E0' }, text(version), { type: 'enum', value: 0 }],
      },
      { type: 'long-unsigned', value: blockSize },
      { type: 'structure', items: [{ type: 'enum', value: FIRMWARE_CHECK }, { type: 'octet-string', hex: Buffer.from(check).toString('hex').toUpperCase() }] },
    ],
  }
}

/** Number and bytes of method 8; undefined for another form. */
export function fileBlockOf(parameter: Data): { number: number; bytes: Buffer } | undefined {
  if (parameter.type !== 'structure' || parameter.items.length !== 2) return undefined
  const [number, bytes] = parameter.items
  if ((number?.type !== 'long-unsigned' && number?.type !== 'double-long-unsigned') || bytes?.type !== 'octet-string') return undefined
  return { number: number.value, bytes: Buffer.from(bytes.hex, 'hex') }
}

/** ACTION F001 method 8. */
export function fileBlockRequest(number: number, bytes: Uint8Array, piid: number): Apdu {
  return {
    apdu: 'action-request',
    choice: 'normal',
    piid: { number: piid, priority: false, acd: false },
    omd: FILE_BLOCK,
    parameter: { type: 'structure', items: [{ type: 'long-unsigned', value: number }, { type: 'octet-string', hex: Buffer.from(bytes).toString('hex').toUpperCase() }] },
  }
}
