import type { SetPoint } from '@zhuzhan/contracts'
import { controlRequest, encodeApdu, setPointRequest } from '@zhuzhan/dlt698'
import type { ControlAction } from '@zhuzhan/dlt698'
import type { MeterView } from '@zhuzhan/persistence'

/** What a ticket asks of a meter; `object`: OI of the object the load is reached by. */
export type TicketAction = ControlAction | { setPoint: SetPoint; object: string }

const PIID = { number: 0, priority: false, acd: false }

/** The device whose keys protect a meter: its own, or its terminal's. */
export function protectorOf({ address, kind, terminal, securityProfile }: Pick<MeterView, 'address' | 'kind' | 'terminal' | 'securityProfile'>): string {
  return kind === 'meter' && securityProfile !== 'plain' ? address : terminal
}

/** The APDU a ticket is made of; the machine makes PIID and TimeTag itself. @param proxySeconds how long a terminal may try to reach the meter */
export function ticketRequest(meter: MeterView, action: TicketAction, proxySeconds: number): Buffer {
  const route = { terminal: protectorOf(meter), meter: meter.address }
  return encodeApdu(typeof action === 'string' ? controlRequest(action, route, PIID, proxySeconds) : setPointRequest(action.object, action.setPoint, route, PIID, proxySeconds))
}
