import { EncodeError } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Codec } from '@zhuzhan/codec'
import { numberOf } from '../catalogue/table.js'
import { DEVICES, LOGICAL_ADDRESS } from '../catalogue/tables.js'
import { ChannelInformation, Endpoint, GatewayAddress, destinationAddress } from './addresses.js'
import type { DestinationAddress, TerminalLength } from './addresses.js'
import { DeviceAddressType, FunctionCode, Security, TimePoint } from './control.js'

/** What the control word announces; a member is there exactly when its bit is set. Reference §2. */
export interface ControlData {
  fc?: FunctionCode
  sv?: Security
  dat?: DeviceAddressType
  da?: DestinationAddress
  sa?: Endpoint
  ta?: Endpoint
  ci?: ChannelInformation
  tp?: TimePoint
  ga?: string
}

interface Field {
  key: keyof ControlData
  /** In the control word. */
  bit: number
  /** Bytes, or how many follow the length byte that the field begins with. */
  size: number | ((length: number, terminalLength: TerminalLength) => number)
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds codecs of every type
  codec: (before: ControlData, terminalLength: TerminalLength) => Codec<any>
}

const endpointSize = (length: number) => (length & 0x1f) + (length >> 5)

/** In the order of the wire. */
export const CONTROL_FIELDS: readonly Field[] = [
  { key: 'fc', bit: 15, size: 1, codec: () => FunctionCode },
  { key: 'sv', bit: 14, size: 2, codec: () => Security },
  { key: 'dat', bit: 13, size: 2, codec: () => DeviceAddressType },
  {
    key: 'da', bit: 12, size: (length, terminalLength) => (length & 0x0f) + (terminalLength === 'minus-one' ? 1 : 0) + ((length >> 4) & 0x07),
    codec: ({ dat }, terminalLength) => destinationAddress(terminalLength, dat !== undefined && !LOGICAL_ADDRESS.has(numberOf(DEVICES, dat.device))),
  },
  { key: 'sa', bit: 11, size: endpointSize, codec: () => Endpoint },
  { key: 'ta', bit: 10, size: endpointSize, codec: () => Endpoint },
  { key: 'ci', bit: 9, size: (length) => length & 0x0f, codec: () => ChannelInformation },
  { key: 'tp', bit: 8, size: 7, codec: () => TimePoint },
  { key: 'ga', bit: 7, size: (length) => length, codec: () => GatewayAddress },
]

/** D6-D0 of the control word: no source gives them a meaning. */
export const RESERVED_BITS = 0x7f

/** The fields whose bits are set in `word`. */
export function readControlData(r: ByteReader, word: number, terminalLength: TerminalLength): ControlData {
  const data: Record<string, unknown> = {}
  for (const { key, bit, codec } of CONTROL_FIELDS) {
    if ((word & (1 << bit)) === 0) continue
    const field = codec(data as ControlData, terminalLength)
    data[key] = r.trace === undefined ? field.read(r) : r.traced(key, field)
  }
  return data as ControlData
}

/** The control word that announces what is there. */
export function controlWord(data: ControlData, reserved = 0): number {
  if (!Number.isInteger(reserved) || reserved < 0 || reserved > RESERVED_BITS) throw new EncodeError('reserved', `0 to ${RESERVED_BITS}`)
  return CONTROL_FIELDS.reduce((word, { key, bit }) => (data[key] === undefined ? word : word | (1 << bit)), reserved)
}

export function writeControlData(w: ByteWriter, data: ControlData): void {
  const terminalLength = data.da?.terminalLength ?? 'minus-one'
  for (const { key, codec } of CONTROL_FIELDS) {
    const value = data[key]
    if (value === undefined) continue
    try {
      codec(data, terminalLength).write(w, value)
    } catch (error) {
      throw inside(`control.${key}`, error)
    }
  }
}

function inside(path: string, error: unknown): EncodeError {
  if (!(error instanceof EncodeError)) return new EncodeError(path, 'a value of another kind', { cause: error })
  return new EncodeError(error.path === '' ? path : `${path}.${error.path}`, error.expected, { cause: error.cause })
}
