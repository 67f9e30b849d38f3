import { DecodeError, decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { createOsp1Device } from '@zhuzhan/osp1'
import type { DeviceKeys, DeviceState, Osp1Device } from '@zhuzhan/osp1'
import { DAR } from '../device/dar.js'
import { virtualFirmware } from '../device/firmware.js'
import type { FirmwareKeys } from '../device/firmware.js'
import { falseModules } from '../faults/false-modules.js'
import { FACTORY, agreedSizes, ownHeader, plainConnect } from './association.js'
import type { Agreed } from './association.js'
import type { FleetContext } from './context.js'
import { plainSealer, protectedSealer } from './report-sealer.js'
import type { ReportSealer } from './report-sealer.js'

/** Carries out one plain APDU and gives the answer's bytes; `undefined` for what is not answered. */
export type Act = (apdu: Buffer) => Promise<Buffer | undefined>

/** What stands between a terminal's objects and the line: nothing, or OSP-1. */
export interface Protection {
  /** The answer to one downlink APDU (LINK and report answers excepted); `undefined` for silence. */
  receive(frame: LinkFrame, act: Act): Promise<Buffer | undefined>
  readonly sealer: ReportSealer
  /** Bytes the wrapper adds to an APDU at most. */
  readonly overhead: number
  /** The association is gone with the connection (plain) or with the power. */
  readonly sessions: number
  counters(): { asctr: number; rspctr: number; agseq: number } | undefined
  /** State and version of the keys in force, and of those a key update brought that is not committed. */
  keys(): ReturnType<Osp1Device['keys']> | undefined
  powerLoss(): void
}

export interface ProtectionOptions {
  address: string
  context: FleetContext
  deviceNow(): number
  onAgreed(agreed: Agreed): void
}

const SECURITY_REQUEST = 0x10

/** A laboratory terminal: everything plain; what asks for protection is told that none is here. */
export function plainProtection({ context, onAgreed }: ProtectionOptions): Protection {
  return {
    receive: async (frame, act) => {
      if (frame.data[0] === SECURITY_REQUEST) return encodeApdu({ apdu: 'security-response', form: 'dar', dar: DAR.securityMismatch, mac: undefined })
      const connect = frame.data[0] === 0x02 ? decodeConnect(frame) : undefined
      if (connect === undefined) return act(frame.data)
      const { answer, agreed } = plainConnect(connect, context.settings)
      if (agreed) onAgreed(agreed)
      return answer
    },
    sealer: plainSealer(),
    overhead: 0,
    sessions: 0,
    counters: () => undefined,
    keys: () => undefined,
    powerLoss: () => {},
  }
}

/** Tag, data length, SID, attach and MAC of a record or report. */
const OSP1_OVERHEAD = 48

/** A terminal with profile `sm`: OSP-1 decides what is answered; plain requests get silence (§7.14). */
export async function osp1Protection({ address, context, deviceNow, onAgreed }: ProtectionOptions, keys: DeviceKeys, engine: Sm2Engine, firmware?: FirmwareKeys): Promise<Protection> {
  const { clock, random, state, settings, counts, log, faults } = context
  const key = `osp1/${address}`
  let actNow: Act | undefined
  const device = await createOsp1Device({
    keys, engine, clock, random, header: ownHeader(settings), factory: FACTORY, localTime: deviceNow, offsetMinutes: settings.zone,
    ...(firmware && { firmware: virtualFirmware(firmware, state, address) }),
    ...falseModules(address, keys.modules, faults, random),
    store: { load: async () => state.get(key) as DeviceState | undefined, store: (next) => state.put(key, next) },
    act: async (apdu) => (await actNow?.(apdu)) ?? Buffer.alloc(0),
    onEvent: (event) => {
      if (event.kind === 'established') counts.sessions++
      if (event.kind.endsWith('refused')) counts.securityRefusals++
      log.debug({ terminal: address, ...event }, 'OSP-1')
    },
  })
  return {
    receive: async (frame, act) => {
      actNow = act
      const answer = await device.receive({ address: frame.address, apdu: frame.data })
      const connect = answer?.[0] === 0x82 ? decodeConnect(frame) : undefined
      if (connect && accepted(answer!)) onAgreed(agreedSizes(connect.header, settings))
      return answer
    },
    sealer: protectedSealer(device),
    overhead: OSP1_OVERHEAD,
    get sessions() { return device.sessions },
    counters: () => device.counters(),
    keys: () => device.keys(),
    powerLoss: () => device.powerLoss(),
  }
}

function decodeConnect(frame: LinkFrame): Extract<ReturnType<typeof decodeApdu>, { apdu: 'connect-request' }> | undefined {
  try {
    const apdu = decodeApdu(frame.data)
    return apdu.apdu === 'connect-request' ? apdu : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function accepted(answer: Buffer): boolean {
  const apdu = decodeApdu(answer)
  return apdu.apdu === 'connect-response' && apdu.result === 0
}
