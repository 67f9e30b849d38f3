import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import type { Terminal } from '../terminals/terminal.js'
import type { FakeLink } from './fake-link.js'

/** Request in, answer out; undefined: silence. */
export type Device = (request: Apdu) => Apdu | undefined | Promise<Apdu | undefined>

/** Lets a device answer what is sent on this connection, over the wire's bytes, in a later turn. Requests are kept in `heard`. */
export function answerWith(link: FakeLink, terminal: Terminal, device: Device): { readonly heard: Apdu[] } {
  const heard: Apdu[] = []
  const former = link.onSend
  link.onSend = (connection, frame) => {
    if (connection !== terminal.connection) return former?.(connection, frame)
    const request = decodeApdu(frame.data)
    heard.push(request)
    setImmediate(() => void (async () => {
      const answer = await device(request)
      if (!answer) return
      const apdu = decodeApdu(encodeApdu(answer))
      if ('piid' in apdu) terminal.requests.answer(apdu)
    })())
  }
  return { heard }
}
