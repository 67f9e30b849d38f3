import { randomInt } from 'node:crypto'
import { HesError, errorCode } from '@zhuzhan/core'
import type { Clock, ErrorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoResult, ModulesVerdict } from '@zhuzhan/contracts'
import { encodeApdu, encodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectResponse } from '@zhuzhan/dlt698'
import { withSpan } from '@zhuzhan/telemetry'
import { OFFER, OFFER_BYTES } from './connect-header.js'
import type { Turnstile } from './turnstile.js'

const CONNECT_TIMEOUT_MS = 15_000
/** After an answer that was not genuine the true one is waited for this long. */
const TRUE_ANSWER_MS = 3_000
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 60_000

/** A ticket with both signatures, or with the one of a service that may sign alone. OSP-1 §7.6 */
export interface SignedTicket {
  tkt: Uint8Array
  sigOperator: Uint8Array
  sigApprover?: Uint8Array
}

/** The secured session of one connection of a protected terminal: negotiated, renewed and used through the crypto machine's handles. */
export interface SecureChannel {
  /** Starts negotiating and keeps at it. */
  start(): void
  readonly ready: boolean
  /** The machine was restored from a backup and has not read the device's counters since (OSP-1 §7.10). */
  readonly countersUnknown: boolean
  /** Largest frame the device agreed to receive. */
  readonly agreedFrame: number | undefined
  /** The machine has a key update of this device open: its next step is due in every new session. */
  readonly keyUpdateOpen: boolean
  onConnectResponse(response: ConnectResponse): void
  /** @throws HesError TERMINAL_OFFLINE without a session, or the machine's refusal (TICKET_REFUSED, LIMIT, BUSY) */
  seal(apdu: Buffer): Promise<SealedRequest>
  /** The machine judges the ticket, spends it and seals what it says. @throws HesError as `seal`; what is no refusal leaves a doubt */
  sealTicket(ticket: SignedTicket, piid: number): Promise<SealedRequest>
  /** A block of the file transfer this ticket started, by its id. @throws HesError as `seal` */
  sealBlock(ticket: string, apdu: Buffer): Promise<SealedRequest>
  /** The inner APDU of an authentic answer; undefined for a hint (an unprotected DAR), which decides nothing. @throws HesError AUTH_FAILED */
  open(apdu: Buffer): Promise<{ apdu: Buffer; seq: number } | { dar: number; seq: number } | undefined>
  /** The due step of the open key update, sealed; or what must happen first. @throws HesError as `seal`, and KEY_UPDATE_REFUSED */
  keyUpdateStep(piid: number): Promise<KeyUpdateStep>
  /** The machine can be reached again. `anew`: it is another process than before, which knows nothing of the session. */
  machineBack(anew: boolean): void
  /** The request for its module manifest, sealed with a challenge of the machine's. @throws HesError as `seal` */
  manifestSeal(piid: number): Promise<SealedRequest>
  /** Ends the session and negotiates another one at once. */
  renew(): void
  end(): void
}

export interface SealedRequest {
  apdu: Buffer
  seq: number
  giveUp(): void
}
export type KeyUpdateStep = SealedRequest | { next: 'reconnect' | 'nothing' }

export interface SecureDeps {
  address: string
  clientAddress: number
  machine: CryptoMachine
  clock: Clock
  turnstile: Turnstile
  send(data: Buffer): Promise<void>
  onReady(address: string, mode: 'S' | 'F'): void
  onRefused(address: string, code: ErrorCode, what: string): void
  /** The machine judged a manifest of the device. */
  onModules?(address: string, verdict: ModulesVerdict): void
}

interface Session { handle: string; until: number; frame: number; keyUpdate: boolean; countersUnknown: boolean }

/** What can be asked of a channel at any time. On a prototype: with getters of its own each of a hundred thousand channels is a dictionary. */
class ChannelState {
  session: Session | undefined
  constructor(private readonly clock: Clock) {}

  get ready(): boolean { return this.session !== undefined && this.session.until > this.clock.monotonic() }
  get countersUnknown(): boolean { return this.session?.countersUnknown ?? false }
  get agreedFrame(): number | undefined { return this.session?.frame }
  get keyUpdateOpen(): boolean { return this.session?.keyUpdate ?? false }
}

export function createSecureChannel(deps: SecureDeps): SecureChannel {
  const { address, machine } = deps
  const state = new ChannelState(deps.clock)
  let answer: ((response: ConnectResponse) => void) | undefined
  let giveUpWaiting: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let retryMs = RETRY_FIRST_MS
  let ended = false
  let negotiating = false
  /** The last try failed because the machine was away: no fault of the device's, so nobody has to wait out its pause. */
  let awaitsMachine = false
  let machineLife = 0
  let piid = 0

  const negotiateOnce = async (): Promise<'retry' | 'S' | 'F'> => {
    const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address, clientAddress: deps.clientAddress, header: OFFER_BYTES }]))[0])
    const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
    piid = (piid + 1) % 64
    const request = encodeApdu({
      apdu: 'connect-request', piid: { number: piid, priority: false, acd: false }, header: OFFER,
      mechanism: opened.mechanism === 'S' ? { kind: 'symmetric', ...fields } : { kind: 'signature', ...fields }, timeTag: undefined,
    })
    const { finished, response } = await new Promise<{ finished: CryptoResult<'connectFinish'>; response: ConnectResponse }>((resolve, reject) => {
      const failed = (error: Error): void => {
        clearTimeout(timeout)
        reject(error)
      }
      let timeout = setTimeout(() => failed(new HesError('TERMINAL_TIMEOUT', 'no CONNECT-Response')), CONNECT_TIMEOUT_MS)
      answer = (response) => {
        judge(opened.exchange, response).then((finished) => {
          clearTimeout(timeout)
          resolve({ finished, response })
          // The connection went while the machine judged: a session nobody will use, of a terminal that must not be bound any more.
          if (ended && 'handle' in finished) void machine.endSession([{ handle: finished.handle }]).catch(() => undefined)
        }, (error: Error) => {
          if (errorCode(error) !== 'AUTH_FAILED') return failed(error)
          // A forged answer that overtakes the true one must not end the try (OSP-1 §7.12): the true one may still come.
          deps.onRefused(address, 'AUTH_FAILED', 'CONNECT-Response')
          clearTimeout(timeout)
          timeout = setTimeout(() => failed(error), TRUE_ANSWER_MS)
        })
      }
      giveUpWaiting = () => failed(new HesError('TERMINAL_OFFLINE', 'the connection ended before the answer came'))
      deps.send(request).catch(failed)
    }).finally(() => {
      answer = undefined
      giveUpWaiting = undefined
    })
    if ('counter' in finished) return 'retry'
    if (ended) throw new HesError('TERMINAL_OFFLINE')
    state.session = {
      handle: finished.handle, keyUpdate: finished.keyUpdate === true, countersUnknown: finished.countersUnknown === true,
      until: deps.clock.monotonic() + finished.sessionSeconds * 1000, frame: Math.min(response.header.receiveSize, OFFER.sendSize) || OFFER.sendSize,
    }
    return opened.mechanism
  }

  const judge = async (exchange: string, response: ConnectResponse): Promise<CryptoResult<'connectFinish'>> => {
    const [outcome] = await machine.connectFinish([{
      exchange, header2: encodeConnectHeader(response.header), result: response.result,
      ...(response.security ? { rn: response.security.rn, signature: response.security.signature } : {}),
    }])
    return outcomeValue<'connectFinish'>(outcome)
  }

  const negotiate = async (): Promise<void> => {
    if (ended || negotiating) return
    negotiating = true
    awaitsMachine = false
    const life = machineLife
    try {
      await deps.turnstile.run(async () => {
        if (ended) return
        let outcome = await negotiateOnce()
        if (ended) return
        // An authentic counter answer healed our counter: once more at once, but only once (OSP-1 §7.2).
        if (outcome === 'retry') outcome = await negotiateOnce()
        if (outcome === 'retry') throw new HesError('COUNTER', 'the device answered with its counter twice')
        retryMs = RETRY_FIRST_MS
        schedule((state.session as Session).until - deps.clock.monotonic() - 5_000)
        deps.onReady(address, outcome)
      })
    } catch (error) {
      const code = errorCode(error)
      if (!ended && code !== 'TERMINAL_OFFLINE') deps.onRefused(address, code, 'CONNECT')
      // The machine forgot the exchange because it began anew meanwhile.
      if (machineLife !== life) return schedule(0)
      awaitsMachine = code === 'UNAVAILABLE'
      schedule(retryMs + randomInt(500))
      retryMs = Math.min(retryMs * 2, RETRY_MAX_MS)
    } finally {
      negotiating = false
    }
  }

  const schedule = (delayMs: number): void => {
    clearTimeout(timer)
    if (!ended) timer = setTimeout(() => void negotiate(), Math.max(0, delayMs))
  }

  /** The machine forgot the session (it restarted): a new one at once, not the device's fault. */
  const lost = (): void => {
    state.session = undefined
    schedule(0)
  }

  const handle = (): string => {
    if (!state.ready || !state.session) throw new HesError('TERMINAL_OFFLINE', 'no secured session with the terminal now')
    return state.session.handle
  }

  /** What the machine sealed; a session it forgot is made anew. */
  const sealed = (mine: string, made: { apdu: Uint8Array; seq: number }): SealedRequest => ({
    apdu: Buffer.from(made.apdu), seq: made.seq, giveUp: () => void machine.giveUp([{ handle: mine, seq: made.seq }]).catch(() => undefined),
  })

  return Object.assign(state, {
    start: () => schedule(0),
    onConnectResponse: (response) => {
      if (answer) answer(response)
      else deps.onRefused(address, 'RESPONSE_MISMATCH', 'CONNECT-Response')
    },
    seal: async (apdu) => {
      const mine = handle()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.seal([{ handle: mine, apdu }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      return sealed(mine, outcomeValue<'seal'>(outcome))
    },
    sealTicket: async (ticket, number) => {
      const mine = handle()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.sealTicket([{ handle: mine, ...ticket, piid: number }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      return sealed(mine, outcomeValue<'sealTicket'>(outcome))
    },
    sealBlock: async (ticket, apdu) => {
      const mine = handle()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.sealBlock([{ handle: mine, ticket, apdu }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      return sealed(mine, outcomeValue<'sealBlock'>(outcome))
    },
    keyUpdateStep: async (number) => {
      const mine = handle()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.keyUpdateStep([{ handle: mine, piid: number }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      const due = outcomeValue<'keyUpdateStep'>(outcome)
      return 'next' in due ? due : sealed(mine, due)
    },
    machineBack: (anew) => {
      if (anew) machineLife += 1
      if (anew && state.session) lost()
      else if (awaitsMachine) schedule(0)
      if (awaitsMachine) retryMs = RETRY_FIRST_MS
    },
    manifestSeal: async (number) => {
      const mine = handle()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.manifestSeal([{ handle: mine, piid: number }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      return sealed(mine, outcomeValue<'manifestSeal'>(outcome))
    },
    renew: () => {
      if (ended) return
      if (state.session) void machine.endSession([{ handle: state.session.handle }]).catch(() => undefined)
      lost()
    },
    open: async (apdu) => {
      const [outcome] = await withSpan('crypto.session.open', () => machine.open([{ handle: handle(), apdu }]))
      if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') lost()
      const opened = outcomeValue<'open'>(outcome)
      if ('hint' in opened) return undefined
      if (opened.modules) deps.onModules?.(address, opened.modules)
      return 'dar' in opened ? { dar: opened.dar, seq: opened.seq } : { apdu: Buffer.from(opened.apdu), seq: opened.seq }
    },
    end: () => {
      ended = true
      clearTimeout(timer)
      // Its place in the turnstile is another terminal's now.
      giveUpWaiting?.()
      if (state.session) void machine.endSession([{ handle: state.session.handle }]).catch(() => undefined)
      state.session = undefined
    },
  } satisfies Omit<SecureChannel, keyof ChannelState>)
}
