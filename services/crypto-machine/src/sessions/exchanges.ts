import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import type { Random } from '@zhuzhan/gm-crypto'
import {
  ASCTR_ALARM,
  acceptAnswerS,
  acceptCounterAnswerF,
  acceptCounterAnswerS,
  completeAnswerF,
  connectF,
  connectS,
  erase,
  headerWithinOffer,
  judgeCounterAnswer,
  sessionKeysS,
  sessionSecondsAccepted,
} from '@zhuzhan/osp1'
import type { Agreement, FRequest, SessionKeys } from '@zhuzhan/osp1'
import type { Device, Devices } from '../keys/devices.js'
import { chooseKeys } from '../keys/key-trials.js'
import type { ChosenKeys, KeyTrials } from '../keys/key-trials.js'
import type { KeyProvider } from '../provider/provider.js'
import type { MachineStore } from '../store/store.js'
import type { AsctrAllocator } from './asctr.js'
import type { SessionTable } from './session-table.js'
import { createTokens } from './tokens.js'

/** The station's own part of a CONNECT that waits for its answer; in memory only. */
interface Exchange {
  device: Device
  /** The set this CONNECT goes by; during a key update there are two (§7.8). */
  chosen: ChosenKeys
  clientAddress: number
  header1: Buffer
  asctr: number
  request: FRequest
  secret: { mode: 'S'; r1: Buffer } | { mode: 'F'; agreement: Agreement }
  failures: number
  /** One counter answer per CONNECT. */
  counterHeard: boolean
  token: string
}

const EXCHANGE_MS = 120_000
const MAX_EXCHANGES = 200_000
/** Wrong answers to one CONNECT before it is given up: forged ones must not buy SM2 work without end. §7.12 */
const MAX_FAILURES = 16
/** Station stops using a session this much earlier than the meter. §7.4 */
const STATION_SHARE = 0.9

export interface Exchanges {
  open(owner: string, requests: readonly CryptoRequest<'connectOpen'>[]): Promise<(CryptoResult<'connectOpen'> | HesError)[]>
  finish(owner: string, request: CryptoRequest<'connectFinish'>): Promise<CryptoResult<'connectFinish'>>
  readonly size: number
}

export interface ExchangeOptions {
  devices: Devices
  sessions: SessionTable
  counters: AsctrAllocator
  trials: KeyTrials
  store: MachineStore
  provider: KeyProvider
  clock: Clock
  random: Random
  stationId: Buffer
}

export function createExchanges({
  devices,
  sessions,
  counters,
  trials,
  store,
  provider,
  clock,
  random,
  stationId,
}: ExchangeOptions): Exchanges {
  const exchanges = createTokens<Exchange>({ random, clock, validMs: EXCHANGE_MS, capacity: MAX_EXCHANGES, onExpire: (exchange) => drop(exchange) })
  const byDevice = new Map<number, Exchange>()

  /** Forget the exchange and its secrets. */
  const drop = (exchange: Exchange): void => {
    exchanges.drop(exchange.token)
    if (byDevice.get(exchange.device.row.id) === exchange) byDevice.delete(exchange.device.row.id)
    if (exchange.secret.mode === 'S') erase(exchange.secret.r1)
    else exchange.secret.agreement.discard()
  }

  const contextS = ({ device, chosen, clientAddress, header1 }: Pick<Exchange, 'device' | 'chosen' | 'clientAddress' | 'header1'>) => ({
    clientAddress,
    ad: device.row.ad,
    dispersion: chosen.dispersion,
    header1,
  })
  const contextF = (exchange: Pick<Exchange, 'device' | 'chosen' | 'clientAddress' | 'header1'>) => ({ ...contextS(exchange), stationId })

  const usable = async (address: string): Promise<Device> => {
    const device = await devices.get(address)
    const { certificate } = device
    if (certificate && (clock.now() < certificate.notBefore || clock.now() > certificate.notAfter)) {
      throw new HesError('AUTH_FAILED', 'the device certificate is outside its validity', { address, reason: 'certificate' })
    }
    return device
  }

  const begin = async (
    owner: string,
    device: Device,
    asctr: number,
    { clientAddress, header }: CryptoRequest<'connectOpen'>,
  ): Promise<CryptoResult<'connectOpen'>> => {
    const base = { device, chosen: chooseKeys(device), clientAddress, header1: Buffer.from(header), asctr }
    let made: Pick<Exchange, 'request' | 'secret'>
    if (device.row.mode === 'S') {
      const r1 = await provider.random(16)
      made = { request: connectS(base.chosen.keys.handshake, contextS(base), r1, asctr), secret: { mode: 'S', r1 } }
    } else {
      const agreement = await provider.station.initiate(stationId)
      try {
        const request = await connectF(provider.station, contextF(base), { publicKey: agreement.ephemeral }, asctr)
        made = { request, secret: { mode: 'F', agreement } }
      } catch (error) {
        agreement.discard()
        throw error
      }
    }
    // A new try replaces the old one, whose late answer is then dropped.
    const before = byDevice.get(device.row.id)
    if (before) drop(before)
    const exchange: Exchange = { ...base, ...made, failures: 0, counterHeard: false, token: '' }
    exchange.token = exchanges.issue(owner, exchange)
    byDevice.set(device.row.id, exchange)
    return { exchange: exchange.token, mechanism: device.row.mode, cipher: made.request.cipher, signature: made.request.signature }
  }

  const accept = async (
    exchange: Exchange,
    header2: Buffer,
    answer: { rn: Buffer; signature: Buffer },
  ): Promise<{ sessionSeconds: number; keys: SessionKeys }> => {
    const { device, chosen, asctr, request, secret } = exchange
    if (!headerWithinOffer(exchange.header1, header2))
      throw new HesError('AUTH_FAILED', 'the answer exceeds the offer', { reason: 'header' })
    if (secret.mode === 'F') {
      return completeAnswerF(provider, secret.agreement, peerKey(device), contextF(exchange), header2, request, answer, asctr)
    }
    const context = contextS(exchange)
    const { r2, sessionSeconds } = acceptAnswerS(chosen.keys.handshake, context, header2, request, answer, { r1: secret.r1, asctr })
    const keys = sessionKeysS(chosen.keys.auth, context, header2, request, answer, { r1: secret.r1, r2, asctr })
    erase(r2)
    return { sessionSeconds, keys }
  }

  const counterAnswer = async (
    exchange: Exchange,
    header2: Buffer,
    answer: { rn: Buffer; signature: Buffer },
  ): Promise<CryptoResult<'connectFinish'>> => {
    const { device, chosen, asctr, request } = exchange
    const stored =
      exchange.secret.mode === 'S'
        ? acceptCounterAnswerS(chosen.keys.handshake, contextS(exchange), header2, request, answer)
        : await acceptCounterAnswerF(provider, peerKey(device), contextF(exchange), header2, request, answer)
    if (exchange.counterHeard) throw new HesError('AUTH_FAILED')
    exchange.counterHeard = true
    await trials.worked(device)
    trials.again(device, chosen.set)
    const { address } = device.row
    const verdict = judgeCounterAnswer(asctr, stored)
    drop(exchange)
    await store.addEvent({ kind: 'counter-answer', subject: address, detail: { sent: asctr, stored, verdict } })
    // Only an operator's release lets the station step back to a meter that lost its counter (§7.2).
    if (verdict !== 'step-forward') throw new HesError('COUNTER', 'the meter lost its counter', { address, reason: verdict })
    await counters.stepAbove(device, stored)
    return { counter: 'retry' }
  }

  return {
    get size() {
      return exchanges.size
    },

    async open(owner, requests) {
      const found = await Promise.all(requests.map(({ address }) => usable(address).catch(asError)))
      const known = found.filter((device): device is Device => !(device instanceof HesError))
      const asctrs = known.length > 0 ? await counters.next(known) : []
      let at = 0
      return Promise.all(
        requests.map(async (request, i) => {
          const device = found[i] ?? new HesError('INTERNAL')
          if (device instanceof HesError) return device
          const asctr = asctrs[at++] ?? 0
          if (asctr >= ASCTR_ALARM)
            void store.addEvent({ kind: 'counter-high', subject: device.row.address, detail: { asctr } }).catch(() => undefined)
          return begin(owner, device, asctr, request).catch(asError)
        }),
      )
    },

    async finish(owner, { exchange: token, header2: header, result, rn, signature }) {
      const exchange = exchanges.find(owner, token)
      if (!exchange) throw new HesError('SESSION_UNKNOWN')
      const { device, clientAddress } = exchange
      try {
        const header2 = Buffer.from(header)
        // Every result but 0 is unauthenticated, unless an authentic counter answer comes with it (§7.0, §7.2).
        if (result !== 0 && (!rn || !signature)) await trials.refused(device, exchange.chosen.set)
        if (!rn || !signature) throw new HesError('AUTH_FAILED', undefined, { result })
        const answer = { rn: Buffer.from(rn), signature: Buffer.from(signature) }
        if (result === (device.row.mode === 'S' ? 2 : 4)) return await counterAnswer(exchange, header2, answer)
        if (result !== 0) throw new HesError('AUTH_FAILED', undefined, { result })
        const { sessionSeconds, keys } = await accept(exchange, header2, answer)
        if (!sessionSecondsAccepted(sessionSeconds))
          throw new HesError('AUTH_FAILED', 'session length out of range', { reason: 'session-seconds' })
        drop(exchange)
        const usableSeconds = Math.floor(sessionSeconds * STATION_SHARE)
        await trials.worked(device)
        const session = sessions.open(owner, device, clientAddress, keys, usableSeconds, exchange.chosen.set)
        return {
          handle: session.handle,
          sessionSeconds: usableSeconds,
          ...(device.update && { keyUpdate: true as const }),
          ...(device.windowKnown ? {} : { countersUnknown: true as const }),
        }
      } catch (error) {
        // A forged answer must not end the try: the true one may still come.
        if (error instanceof HesError && error.code === 'AUTH_FAILED' && ++exchange.failures >= MAX_FAILURES) drop(exchange)
        throw error
      }
    },
  }
}

function peerKey(device: Device): Buffer {
  if (!device.certificate) throw new HesError('ENGINE_FAULT', 'a mode F device without a certificate')
  return device.certificate.publicKey
}

/** Refusals are results of single items; anything else is a fault of the whole batch. */
function asError(error: unknown): HesError {
  if (error instanceof HesError) return error
  throw error
}
