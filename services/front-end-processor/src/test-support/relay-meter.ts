import type { Apdu, Data } from '@zhuzhan/dlt698'

/** How the meter, or its terminal in its place, answers a control command. */
export type Behaviour = 'obeys' | 'obeys-silently' | 'ignores-silently' | { dar: number; obeys: boolean }

export interface RelayMeter {
  behaviour: Behaviour
  /** Supply open, i.e. tripped. */
  open: boolean
  /** Control commands it received, in order. */
  readonly received: string[]
  answer(request: Apdu): Apdu | undefined
}

const tail = { followReport: undefined, timeTag: undefined }

/** A meter with a relay, behind a terminal. Knows trip, close and the state of its relay, nothing else. */
export function relayMeter(): RelayMeter {
  const attribute = (oad: string): { oad: string; data: Data } | { oad: string; dar: number } => {
    if (oad === '80000300') return { oad, data: { type: 'bit-string', bits: 8, hex: meter.open ? '80' : '00' } }
    if (oad === '00100200') return { oad, data: { type: 'array', items: [{ type: 'double-long-unsigned', value: 123_456 }] } }
    return { oad, dar: 4 }
  }
  const control = (omd: string): number | undefined => {
    meter.received.push(omd)
    const { behaviour } = meter
    if (behaviour !== 'ignores-silently' && (typeof behaviour === 'string' || behaviour.obeys)) meter.open = omd === '80008100'
    if (typeof behaviour !== 'string') return behaviour.dar
    return behaviour === 'obeys' ? 0 : undefined
  }
  const meter: RelayMeter = {
    behaviour: 'obeys', open: false, received: [],
    answer: (request) => {
      if (request.apdu !== 'proxy-request') return undefined
      const { piid } = request
      if (request.choice === 'get-list') {
        return { apdu: 'proxy-response', choice: 'get-list', piid, targets: request.targets.map(({ tsa, oads }) => ({ tsa, results: oads.map(attribute) })), ...tail }
      }
      if (request.choice !== 'action-list') return undefined
      const [target] = request.targets
      const omd = target!.actions[0]!.omd
      const dar = control(omd)
      return dar === undefined ? undefined : { apdu: 'proxy-response', choice: 'action-list', piid, targets: [{ tsa: target!.tsa, results: [{ omd, dar, data: undefined }] }], ...tail }
    },
  }
  return meter
}
