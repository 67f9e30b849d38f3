import type { Data, Oad, Omd, Piid, ProxyRequest, ResultNormal, ResultRecord, TimeTag, Tsa } from '@zhuzhan/dlt698'
import { readAttribute } from './attributes.js'
import { DAR } from './dar.js'
import type { Device } from './device.js'
import { callMethod, isControl } from './methods.js'
import { readRecord } from './records.js'
import type { ProxyAnswer, Server } from './services.js'
import { writeAttribute } from './write.js'

interface Tail {
  piid: Piid
  followReport: undefined
  timeTag: TimeTag | undefined
}

/**
 * Acts for meters behind the terminal. A meter that keeps silent gives DAR 33 for each item, one that is not in the
 * terminal's archive DAR 6. Reference §4.8.
 */
export function proxied(server: Server, request: ProxyRequest, nowMs: number, tail: Tail, late: boolean): ProxyAnswer {
  const line = { asked: 0, silent: 0, waitSeconds: 0 }
  const behind = (tsa: Tsa, timeout: number): Device | number => {
    if (late) return DAR.timeTagInvalid
    const meter = server.meters.get(tsa.address)
    if (meter === undefined) return DAR.noSuchObject
    line.asked++
    if (!server.isSilent(meter.address)) return meter
    line.silent++
    line.waitSeconds = Math.max(line.waitSeconds, timeout)
    return DAR.timedOut
  }
  const get = (to: Device | number, oad: Oad): ResultNormal => typeof to === 'number' ? { oad, dar: to } : { oad, ...readAttribute(to, oad, nowMs) }
  const set = (to: Device | number, oad: Oad, data: Data): number => typeof to === 'number' ? to : writeAttribute(to, oad, data, nowMs)
  const call = (to: Device | number, omd: Omd, parameter: Data): number => typeof to === 'number' ? to : callMethod(to, omd, parameter, nowMs)
  const answered = (apdu: ProxyAnswer['apdu'], control = false): ProxyAnswer => ({ apdu, control: control && line.asked > line.silent, ...line })

  switch (request.choice) {
    case 'get-list': return answered({
      apdu: 'proxy-response', choice: 'get-list', ...tail,
      targets: request.targets.map(({ tsa, timeout, oads }) => {
        const to = behind(tsa, timeout || request.timeout)
        return { tsa, results: oads.map((oad) => get(to, oad)) }
      }),
    })
    case 'get-record': {
      const to = behind(request.tsa, request.timeout)
      const { oad, rcsd } = request.record
      const record: ResultRecord = typeof to === 'number' ? { oad, rcsd, dar: to } : readRecord(to, request.record, nowMs)
      return answered({ apdu: 'proxy-response', choice: 'get-record', ...tail, tsa: request.tsa, record })
    }
    case 'set-list': return answered({
      apdu: 'proxy-response', choice: 'set-list', ...tail,
      targets: request.targets.map(({ tsa, timeout, items }) => {
        const to = behind(tsa, timeout || request.timeout)
        return { tsa, results: items.map(({ oad, data }) => ({ oad, dar: set(to, oad, data) })) }
      }),
    })
    case 'set-then-get-list': return answered({
      apdu: 'proxy-response', choice: 'set-then-get-list', ...tail,
      targets: request.targets.map(({ tsa, timeout, items }) => {
        const to = behind(tsa, timeout || request.timeout)
        return { tsa, results: items.map(({ oad, data, readOad }) => ({ oad, dar: set(to, oad, data), read: get(to, readOad) })) }
      }),
    })
    case 'action-list': return answered({
      apdu: 'proxy-response', choice: 'action-list', ...tail,
      targets: request.targets.map(({ tsa, timeout, actions }) => {
        const to = behind(tsa, timeout || request.timeout)
        return { tsa, results: actions.map(({ omd, parameter }) => ({ omd, dar: call(to, omd, parameter), data: undefined })) }
      }),
    }, request.targets.some(({ actions }) => actions.some(({ omd }) => isControl(omd))))
    case 'action-then-get-list': return answered({
      apdu: 'proxy-response', choice: 'action-then-get-list', ...tail,
      targets: request.targets.map(({ tsa, timeout, actions }) => {
        const to = behind(tsa, timeout || request.timeout)
        return { tsa, results: actions.map(({ omd, parameter, readOad }) => ({ omd, dar: call(to, omd, parameter), data: undefined, read: get(to, readOad) })) }
      }),
    }, request.targets.some(({ actions }) => actions.some(({ omd }) => isControl(omd))))
    // The meters speak to their terminal only; nothing answers on the transparent line.
    case 'trans-command': return { ...answered({ apdu: 'proxy-response', choice: 'trans-command', ...tail, oad: request.oad, dar: late ? DAR.timeTagInvalid : DAR.timedOut }), silent: 1, waitSeconds: request.frameTimeout }
  }
}
