import { EncodeError } from '@zhuzhan/codec'
import { PROTOCOL_NAMES, protocolOf } from './registry.js'
import type { ProtocolName } from './registry.js'

/**
 * The bytes of what analyse gave: `{protocol, frame}`, or the frame alone, which is then one of `protocol`. What is
 * derived (`inside`, `values`) is ignored.
 *
 * @throws EncodeError that says which member does not fit
 */
export function compose(json: unknown, protocol: ProtocolName = 'dlt698'): Buffer {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new EncodeError('', 'an object as decode prints it')
  const given = json as { ok?: unknown; protocol?: unknown; frame?: unknown }
  if (given.ok === false) throw new EncodeError('', 'a frame; this line says why there is none')
  const named = given.frame === undefined ? protocol : given.protocol ?? protocol
  if (!(PROTOCOL_NAMES as readonly unknown[]).includes(named)) throw new EncodeError('protocol', PROTOCOL_NAMES.join(' or '))
  const frame = given.frame === undefined ? json : given.frame
  if (typeof frame !== 'object' || frame === null) throw new EncodeError('frame', 'an object')
  const { inside: _, ...own } = frame as { inside?: unknown }
  return protocolOf(named as ProtocolName).fromJson(own)
}
