/** Return codes of GM/T 0018: 0, or 0x01000000 + n. */
const BASE = 0x0100_0000

/**
 * What a failed call says about the rest. `device`: it is gone or broken. `session`: this session is of no use any more.
 * `refused`: the call itself was refused; keys of the session may be stale too, so it is opened anew as well.
 */
export type FailureKind = 'device' | 'session' | 'refused'

const ROWS: readonly [number, string, FailureKind][] = [
  [0x01, 'SDR_UNKNOWERR', 'session'],
  [0x02, 'SDR_NOTSUPPORT', 'refused'],
  [0x03, 'SDR_COMMFAIL', 'device'],
  [0x04, 'SDR_HARDFAIL', 'device'],
  [0x05, 'SDR_OPENDEVICE', 'device'],
  [0x06, 'SDR_OPENSESSION', 'device'],
  [0x07, 'SDR_PARDENY', 'session'],
  [0x08, 'SDR_KEYNOTEXIST', 'refused'],
  [0x09, 'SDR_ALGNOTSUPPORT', 'refused'],
  [0x0a, 'SDR_ALGMODNOTSUPPORT', 'refused'],
  [0x0b, 'SDR_PKOPERR', 'refused'],
  [0x0c, 'SDR_SKOPERR', 'refused'],
  [0x0d, 'SDR_SIGNERR', 'refused'],
  [0x0e, 'SDR_VERIFYERR', 'refused'],
  [0x0f, 'SDR_SYMOPERR', 'refused'],
  [0x10, 'SDR_STEPERR', 'session'],
  [0x14, 'SDR_KEYTYPEERR', 'refused'],
  [0x15, 'SDR_KEYERR', 'refused'],
  [0x16, 'SDR_ENCDATAERR', 'refused'],
  [0x17, 'SDR_RANDERR', 'device'],
  [0x18, 'SDR_PRKRERR', 'session'],
  [0x19, 'SDR_MACERR', 'refused'],
  [0x1c, 'SDR_NOBUFFER', 'session'],
  [0x1d, 'SDR_INARGERR', 'refused'],
  [0x1e, 'SDR_OUTARGERR', 'refused'],
]
const BY_CODE = new Map(ROWS.map(([n, name, kind]) => [BASE + n, { name, kind }]))

/** Name and meaning of a code; a vendor's own code is `other`, and costs the session. */
export function returnCode(code: number): { name: string; kind: FailureKind } {
  return BY_CODE.get(code) ?? { name: 'other', kind: 'session' }
}

/**
 * A call that failed. `symbol` and `result` are names, never values: they go to the log, the health page and the metrics.
 * Across this folder only; callers of the provider get HesError UNAVAILABLE.
 */
export class SdfFailure extends Error {
  override readonly name = 'SdfFailure'

  constructor(
    readonly kind: FailureKind,
    readonly symbol: string,
    /** A name of the table, `0x…` for a vendor's own code, or `timeout`, `ended`, `missing`, `layout`. */
    readonly result: string,
  ) {
    super(`${symbol}: ${result}`)
  }
}

/** The failure of a code that is not 0. */
export function failureOf(symbol: string, code: number): SdfFailure {
  const { name, kind } = returnCode(code)
  return new SdfFailure(kind, symbol, name === 'other' ? `0x${code.toString(16).padStart(8, '0')}` : name)
}

/** The device said that it knows no such function, algorithm or mode. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof SdfFailure && ['SDR_NOTSUPPORT', 'SDR_ALGNOTSUPPORT', 'SDR_ALGMODNOTSUPPORT', 'missing'].includes(error.result)
}
