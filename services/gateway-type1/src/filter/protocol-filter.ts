import type { LinkFrame } from '@zhuzhan/dlt698'
import type { ErrorCode } from '@zhuzhan/core'

/** What the gateway does with a valid frame of a terminal. */
export type Verdict = { pass: 'link' | 'forward' } | { refuse: ErrorCode; what: string }

/**
 * APDU tags a terminal may send (DL/T 698.45 reference §4). Routing goes by the tag: test benches and some terminals
 * send responses with a client's control byte.
 */
const UPLINK_TAGS: ReadonlyMap<number, string> = new Map([
  [0x82, 'CONNECT-Response'], [0x83, 'RELEASE-Response'], [0x84, 'RELEASE-Notification'], [0x85, 'GET-Response'], [0x86, 'SET-Response'], [0x87, 'ACTION-Response'],
  [0x88, 'REPORT-Notification'], [0x89, 'PROXY-Response'], [0x10, 'SECURITY-Request'], [0x90, 'SECURITY-Response'], [0xee, 'ERROR-Response'],
])
const LINK_REQUEST = 0x01

/** The paper's protocol analyser at the boundary (mission M4.6): state, service and direction; length and rate are the caller's. */
export function inspect(frame: LinkFrame, loggedInAs: string | undefined): Verdict {
  const { address, control, data } = frame
  if (data.length === 0) return { refuse: 'SERVICE_ILLEGAL', what: 'empty user data' }
  if (address.type !== 'single') return { refuse: 'ADDRESS_MISMATCH', what: `${address.type} address` }
  // A segment's first bytes are its segment word; the joined APDU is judged by the front end.
  if (control.segmented) return loggedInAs === undefined ? { refuse: 'NOT_LOGGED_IN', what: 'segment' } : forward(address.server, loggedInAs)
  const tag = data[0] as number
  if (tag === LINK_REQUEST) return { pass: 'link' }
  const name = UPLINK_TAGS.get(tag)
  if (name === undefined) return { refuse: 'SERVICE_ILLEGAL', what: `APDU tag ${tag.toString(16).padStart(2, '0').toUpperCase()}` }
  if (loggedInAs === undefined) return { refuse: 'NOT_LOGGED_IN', what: name }
  return forward(address.server, loggedInAs)
}

function forward(server: string, loggedInAs: string): Verdict {
  return server.padStart(12, '0') === loggedInAs ? { pass: 'forward' } : { refuse: 'ADDRESS_MISMATCH', what: 'another address than the login' }
}
