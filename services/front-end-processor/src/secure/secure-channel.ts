import { randomInt } from 'node:crypto'
import { HesError, errorCode } from '@zhuzhan/core'
import type { Clock, ErrorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOutcome, CryptoResult, ModulesVerdict } from '@zhuzhan/contracts'
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

/** The connection a channel belongs to. */
export interface SecureOwner {
  readonly address: string
  send(data: Buffer): Promise<void>
  /** A session was made; also the next one of the same connection. */
  onReady(mode: 'S' | 'F'): void
}

/** What channels share. */
export interface SecureDeps {
  clientAddress: number
  machine: CryptoMachine
  clock: Clock
  turnstile: Turnstile
  onRefused(address: string, code: ErrorCode, what: string): void
  /** The machine judged a manifest of the device. */
  onModules?(address: string, verdict: ModulesVerdict): void
}

interface Session { handle: string; until: number; frame: number; keyUpdate: boolean; countersUnknown: boolean }

export const createSecureChannel = (owner: SecureOwner, deps: SecureDeps): SecureChannel => new Channel(owner, deps)

const negotiateAgain = (channel: { negotiate(): Promise<void> }): void => void channel.negotiate()

/** Methods on a prototype: with closures of its own each of a hundred thousand channels is some kilobytes. */
class Channel implements SecureChannel {
  private session: Session | undefined
  private answer: ((response: ConnectResponse) => void) | undefined
  private giveUpWaiting: (() => void) | undefined
  private timer: NodeJS.Timeout | undefined
  private retryMs = RETRY_FIRST_MS
  private ended = false
  private negotiating = false
  /** The last try failed because the machine was away: no fault of the device's, so nobody has to wait out its pause. */
  private awaitsMachine = false
  private machineLife = 0
  private piid = 0

  constructor(private readonly owner: SecureOwner, private readonly deps: SecureDeps) {}

  get ready(): boolean { return this.session !== undefined && this.session.until > this.deps.clock.monotonic() }
  get countersUnknown(): boolean { return this.session?.countersUnknown ?? false }
  get agreedFrame(): number | undefined { return this.session?.frame }
  get keyUpdateOpen(): boolean { return this.session?.keyUpdate ?? false }

  start(): void {
    this.schedule(0)
  }

  onConnectResponse(response: ConnectResponse): void {
    if (this.answer) this.answer(response)
    else this.deps.onRefused(this.owner.address, 'RESPONSE_MISMATCH', 'CONNECT-Response')
  }

  private async negotiateOnce(): Promise<'retry' | 'S' | 'F'> {
    const { owner: { address }, deps } = this
    const { machine } = deps
    const opened = outcomeValue<'connectOpen'>((await machine.connectOpen([{ address, clientAddress: deps.clientAddress, header: OFFER_BYTES }]))[0])
    const fields = { cipher: Buffer.from(opened.cipher), signature: Buffer.from(opened.signature) }
    this.piid = (this.piid + 1) % 64
    const request = encodeApdu({
      apdu: 'connect-request', piid: { number: this.piid, priority: false, acd: false }, header: OFFER,
      mechanism: opened.mechanism === 'S' ? { kind: 'symmetric', ...fields } : { kind: 'signature', ...fields }, timeTag: undefined,
    })
    const { finished, response } = await new Promise<{ finished: CryptoResult<'connectFinish'>; response: ConnectResponse }>((resolve, reject) => {
      const failed = (error: Error): void => {
        clearTimeout(timeout)
        reject(error)
      }
      let timeout = setTimeout(() => failed(new HesError('TERMINAL_TIMEOUT', 'no CONNECT-Response')), CONNECT_TIMEOUT_MS)
      this.answer = (response) => {
        this.judge(opened.exchange, response).then((finished) => {
          clearTimeout(timeout)
          resolve({ finished, response })
          // The connection went while the machine judged: a session nobody will use, of a terminal that must not be bound any more.
          if (this.ended && 'handle' in finished) void machine.endSession([{ handle: finished.handle }]).catch(() => undefined)
        }, (error: Error) => {
          if (errorCode(error) !== 'AUTH_FAILED') return failed(error)
          // A forged answer that overtakes the true one must not end the try (OSP-1 §7.12): the true one may still come.
          deps.onRefused(address, 'AUTH_FAILED', 'CONNECT-Response')
          clearTimeout(timeout)
          timeout = setTimeout(() => failed(error), TRUE_ANSWER_MS)
        })
      }
      this.giveUpWaiting = () => failed(new HesError('TERMINAL_OFFLINE', 'the connection ended before the answer came'))
      this.owner.send(request).catch(failed)
    }).finally(() => {
      this.answer = undefined
      this.giveUpWaiting = undefined
    })
    if ('counter' in finished) return 'retry'
    if (this.ended) throw new HesError('TERMINAL_OFFLINE')
    this.session = {
      handle: finished.handle, keyUpdate: finished.keyUpdate === true, countersUnknown: finished.countersUnknown === true,
      until: deps.clock.monotonic() + finished.sessionSeconds * 1000, frame: Math.min(response.header.receiveSize, OFFER.sendSize) || OFFER.sendSize,
    }
    return opened.mechanism
  }

  private async judge(exchange: string, response: ConnectResponse): Promise<CryptoResult<'connectFinish'>> {
    const [outcome] = await this.deps.machine.connectFinish([{
      exchange, header2: encodeConnectHeader(response.header), result: response.result,
      ...(response.security ? { rn: response.security.rn, signature: response.security.signature } : {}),
    }])
    return outcomeValue<'connectFinish'>(outcome)
  }

  async negotiate(): Promise<void> {
    if (this.ended || this.negotiating) return
    this.negotiating = true
    this.awaitsMachine = false
    const life = this.machineLife
    try {
      await this.deps.turnstile.run(async () => {
        if (this.ended) return
        let outcome = await this.negotiateOnce()
        if (this.ended) return
        // An authentic counter answer healed our counter: once more at once, but only once (OSP-1 §7.2).
        if (outcome === 'retry') outcome = await this.negotiateOnce()
        if (outcome === 'retry') throw new HesError('COUNTER', 'the device answered with its counter twice')
        this.retryMs = RETRY_FIRST_MS
        this.schedule((this.session as Session).until - this.deps.clock.monotonic() - 5_000)
        this.owner.onReady(outcome)
      })
    } catch (error) {
      const code = errorCode(error)
      if (!this.ended && code !== 'TERMINAL_OFFLINE') this.deps.onRefused(this.owner.address, code, 'CONNECT')
      // The machine forgot the exchange because it began anew meanwhile.
      if (this.machineLife !== life) return this.schedule(0)
      this.awaitsMachine = code === 'UNAVAILABLE'
      this.schedule(this.retryMs + randomInt(500))
      this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS)
    } finally {
      this.negotiating = false
    }
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer)
    if (!this.ended) this.timer = setTimeout(negotiateAgain, Math.max(0, delayMs), this)
  }

  async seal(apdu: Buffer): Promise<SealedRequest> {
    const handle = this.handle()
    return this.sealed(handle, await withSpan('crypto.session.seal', () => this.deps.machine.seal([{ handle, apdu }])))
  }

  async sealTicket(ticket: SignedTicket, piid: number): Promise<SealedRequest> {
    const handle = this.handle()
    return this.sealed(handle, await withSpan('crypto.session.seal', () => this.deps.machine.sealTicket([{ handle, ...ticket, piid }])))
  }

  async sealBlock(ticket: string, apdu: Buffer): Promise<SealedRequest> {
    const handle = this.handle()
    return this.sealed(handle, await withSpan('crypto.session.seal', () => this.deps.machine.sealBlock([{ handle, ticket, apdu }])))
  }

  async manifestSeal(piid: number): Promise<SealedRequest> {
    const handle = this.handle()
    return this.sealed(handle, await withSpan('crypto.session.seal', () => this.deps.machine.manifestSeal([{ handle, piid }])))
  }

  async keyUpdateStep(piid: number): Promise<KeyUpdateStep> {
    const handle = this.handle()
    const [outcome] = await withSpan('crypto.session.seal', () => this.deps.machine.keyUpdateStep([{ handle, piid }]))
    this.noticeLost(outcome)
    const due = outcomeValue<'keyUpdateStep'>(outcome)
    return 'next' in due ? due : this.record(handle, due)
  }

  async open(apdu: Buffer): Promise<{ apdu: Buffer; seq: number } | { dar: number; seq: number } | undefined> {
    const handle = this.handle()
    const [outcome] = await withSpan('crypto.session.open', () => this.deps.machine.open([{ handle, apdu }]))
    this.noticeLost(outcome)
    const opened = outcomeValue<'open'>(outcome)
    if ('hint' in opened) return undefined
    if (opened.modules) this.deps.onModules?.(this.owner.address, opened.modules)
    return 'dar' in opened ? { dar: opened.dar, seq: opened.seq } : { apdu: Buffer.from(opened.apdu), seq: opened.seq }
  }

  machineBack(anew: boolean): void {
    if (anew) this.machineLife += 1
    if (anew && this.session) this.lost()
    else if (this.awaitsMachine) this.schedule(0)
    if (this.awaitsMachine) this.retryMs = RETRY_FIRST_MS
  }

  renew(): void {
    if (this.ended) return
    this.endSession()
    this.lost()
  }

  end(): void {
    this.ended = true
    clearTimeout(this.timer)
    // Its place in the turnstile is another terminal's now.
    this.giveUpWaiting?.()
    this.endSession()
    this.session = undefined
  }

  private endSession(): void {
    if (this.session) void this.deps.machine.endSession([{ handle: this.session.handle }]).catch(() => undefined)
  }

  /** The machine forgot the session (it restarted): a new one at once, not the device's fault. */
  private lost(): void {
    this.session = undefined
    this.schedule(0)
  }

  private noticeLost(outcome: { ok: true } | { ok: false; code: string } | undefined): void {
    if (outcome?.ok === false && outcome.code === 'SESSION_UNKNOWN') this.lost()
  }

  private handle(): string {
    if (!this.ready || !this.session) throw new HesError('TERMINAL_OFFLINE', 'no secured session with the terminal now')
    return this.session.handle
  }

  /** What the machine sealed; a session it forgot is made anew. */
  private sealed(handle: string, [outcome]: readonly CryptoOutcome<'seal'>[]): SealedRequest {
    this.noticeLost(outcome)
    return this.record(handle, outcomeValue<'seal'>(outcome))
  }

  private record(handle: string, made: { apdu: Uint8Array; seq: number }): SealedRequest {
    return { apdu: Buffer.from(made.apdu), seq: made.seq, giveUp: () => void this.deps.machine.giveUp([{ handle, seq: made.seq }]).catch(() => undefined) }
  }
}
