/**
 * The one error table of the station. Read by the REST error handler, the queue workers, the audit log and
 * docs/errors.md; a test keeps table and document equal.
 *
 * `http`: status when the error reaches REST. `retry`: may the same work succeed later without a change?
 * `audit`: security is concerned, an audit entry is written besides the metric.
 */
export const ERRORS = {
  // requests of operators
  BODY_INVALID: { http: 400, retry: false, audit: false, text: 'The request does not fit its schema.' },
  ADDRESS_INVALID: { http: 400, retry: false, audit: false, text: 'An address is 1 to 12 decimal digits as printed on the device.' },
  NOT_AUTHENTICATED: { http: 401, retry: false, audit: false, text: 'Log in first: POST /api/v1/auth/login.' },
  LOGIN_REFUSED: { http: 401, retry: false, audit: true, text: 'User name or password is wrong.' },
  RIGHT_MISSING: { http: 403, retry: false, audit: true, text: 'Your roles do not allow this.' },
  SAME_PERSON: { http: 403, retry: false, audit: true, text: 'A second person must decide on this command.' },
  NOT_FOUND: { http: 404, retry: false, audit: false, text: 'There is no such object.' },
  EXISTS_ALREADY: { http: 409, retry: false, audit: false, text: 'An object with this address or name exists.' },
  STATE_CONFLICT: { http: 409, retry: false, audit: false, text: 'The object is not in a state that allows this.' },
  TOO_MANY_REQUESTS: { http: 429, retry: true, audit: false, text: 'Too many requests; wait a little.' },
  PROFILE_REFUSED: { http: 422, retry: false, audit: true, text: 'This security profile is not allowed here.' },
  INTERNAL: { http: 500, retry: true, audit: false, text: 'The station failed; the request id finds the log entry.' },
  NOT_CONFIGURED: { http: 503, retry: false, audit: false, text: 'The settings of this station do not provide this.' },
  UNAVAILABLE: { http: 503, retry: true, audit: false, text: 'A part of the station is not reachable now; try again.' },

  // commands
  COMMAND_EXPIRED: { http: 409, retry: false, audit: true, text: 'The command was not sent before its expiry.' },
  COMMAND_UNKNOWN: { http: 409, retry: false, audit: true, text: 'Sent, but no answer came: only a read-back tells.' },
  READ_BACK_DIFFERS: { http: 409, retry: false, audit: true, text: 'The device confirmed the command, but reads back another state.' },
  DEVICE_REFUSED: { http: 409, retry: false, audit: true, text: 'The device answered with a refusal (DAR).' },

  // terminal sockets
  TERMINAL_UNKNOWN: { http: 404, retry: false, audit: true, text: 'No terminal with this address is registered.' },
  TERMINAL_OFFLINE: { http: 503, retry: true, audit: false, text: 'The terminal has no connection now.' },
  TERMINAL_TIMEOUT: { http: 504, retry: true, audit: false, text: 'The terminal did not answer in time.' },
  NOT_LOGGED_IN: { http: 409, retry: false, audit: true, text: 'Only a login is accepted on a new connection.' },
  SERVICE_ILLEGAL: { http: 409, retry: false, audit: true, text: 'This service is not allowed in this state or direction.' },
  PLAIN_REFUSED: { http: 409, retry: false, audit: true, text: 'A plain APDU from a device that must be protected.' },
  LIMIT_EXCEEDED: { http: 429, retry: true, audit: true, text: 'A limit for terminal connections was exceeded.' },
  ADDRESS_MISMATCH: { http: 409, retry: false, audit: true, text: 'The frame carries another address than the login.' },

  // wire
  FRAME_INVALID: { http: 502, retry: false, audit: false, text: 'The bytes are no valid frame.' },
  APDU_INVALID: { http: 502, retry: false, audit: false, text: 'The APDU does not decode.' },
  RESPONSE_MISMATCH: { http: 502, retry: true, audit: true, text: 'A response that answers no open request.' },

  // crypto machine (reference: OSP-1 §7.12; callers learn the class, details go to the audit)
  SESSION_UNKNOWN: { http: 409, retry: true, audit: false, text: 'No such secured session; negotiate a new one.' },
  AUTH_FAILED: { http: 502, retry: false, audit: true, text: 'Authentication, MAC or decryption failed.' },
  COUNTER: { http: 502, retry: true, audit: true, text: 'A counter is out of its window.' },
  TICKET_REFUSED: { http: 409, retry: false, audit: true, text: 'The crypto machine does not seal this without a valid ticket.' },
  ORDER_REFUSED: { http: 409, retry: false, audit: true, text: 'The crypto machine does not carry out this order of administrators.' },
  KEY_UPDATE_REFUSED: { http: 409, retry: false, audit: true, text: 'The crypto machine does not update the keys of this device now.' },
  GROUP_REFUSED: { http: 409, retry: false, audit: true, text: 'The crypto machine seals no broadcast to this group now.' },
  DEVICE_SUSPECT: { http: 409, retry: false, audit: true, text: 'The modules of this device are not those bound to it: reads only, until administrators bind them anew.' },
  LIMIT: { http: 429, retry: true, audit: true, text: 'A limit of the crypto machine was reached.' },
  BUSY: { http: 503, retry: true, audit: false, text: 'The crypto machine or the device is busy.' },
  DEVICE_NOT_ENROLLED: { http: 409, retry: false, audit: true, text: 'The crypto machine holds no keys for this device.' },
  SEALED: { http: 503, retry: true, audit: false, text: 'The crypto machine is sealed: its officers must give their shares of the master key first.' },
  SHARE_REFUSED: { http: 409, retry: false, audit: true, text: 'This share of the master key is not taken.' },
  ENGINE_FAULT: { http: 500, retry: false, audit: true, text: 'A known-answer test of the cipher engine failed.' },

  // data
  READING_REFUSED: { http: 422, retry: false, audit: false, text: 'A reading that no schema accepts; kept in the dead-letter table.' },
  DATA_REFUSED: { http: 422, retry: false, audit: false, text: 'The data do not carry the figure asked for; the message says why.' },
  CONFIG_INVALID: { http: 500, retry: false, audit: false, text: 'The configuration does not fit its schema.' },
} as const satisfies Record<string, ErrorRow>

export interface ErrorRow {
  http: number
  retry: boolean
  audit: boolean
  text: string
}

export type ErrorCode = keyof typeof ERRORS

/** Public attributes of an error: ids, offsets, OADs. Never key material and never plaintext of a record. */
export type ErrorContext = Readonly<Record<string, string | number | boolean>>

/** Every expected failure of the station. Across processes match on `code`, never on `instanceof`. */
export class HesError extends Error {
  override readonly name: string = 'HesError'

  constructor(
    readonly code: ErrorCode,
    message: string = ERRORS[code].text,
    readonly context: ErrorContext = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** May the same work succeed later without a change? */
  get retry(): boolean {
    return ERRORS[this.code].retry
  }
}

/** The code of anything thrown; `INTERNAL` for what is not ours. */
export function errorCode(error: unknown): ErrorCode {
  const code = typeof error === 'object' && error !== null && 'code' in error ? (error as { code: unknown }).code : undefined
  return typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : 'INTERNAL'
}

/** One line for a log; never a stack, never a cause's content. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
