import { CONTROL, DecodeError, decodeFrame, encodeApdu, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { serve } from '../device/services.js'
import type { Server } from '../device/services.js'
import type { Protection } from './protection.js'
import { tryDecode } from './requests.js'

/** Bytes that wake a bus, in front of a frame. */
const WAKE_UP = 0xfe
const METER_APDU = 4_096

/**
 * PROXY 7 to a meter that has a session of its own: the terminal hands the frame on and the answer back, and understands neither
 * (OSP-1 §7.11). `undefined` for everything else and for a meter that keeps silent.
 */
export function createForwarding(server: Server, sessions: ReadonlyMap<string, Protection>, now: () => number) {
  return async (bytes: Buffer): Promise<Buffer | undefined> => {
    const request = sessions.size > 0 ? tryDecode(bytes) : undefined
    if (request?.apdu !== 'proxy-request' || request.choice !== 'trans-command') return undefined
    const frame = frameOf(request.command)
    const meter = frame && server.meters.get(frame.address.server)
    const session = frame && sessions.get(frame.address.server)
    if (!meter || !session || server.isSilent(meter.address)) return undefined
    const own: Server = { terminal: meter, meters: new Map(), transfer: undefined, isSilent: () => false }
    const answer = await session.receive(frame, async (apdu) => {
      const inner = tryDecode(apdu)
      const served = inner && serve(own, inner, now(), METER_APDU)
      return served && encodeApdu(served.apdu)
    })
    if (!answer) return undefined
    const reply = encodeFrame({ control: CONTROL.serverResponse, address: frame.address, data: answer })
    const { piid, oad, timeTag } = request
    return encodeApdu({ apdu: 'proxy-response', choice: 'trans-command', piid: { ...piid, acd: false }, oad, reply, followReport: undefined, timeTag })
  }
}

function frameOf(command: Buffer): LinkFrame | undefined {
  try {
    return decodeFrame(command.subarray(command.findIndex((byte) => byte !== WAKE_UP)))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
