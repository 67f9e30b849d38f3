import { DecodeError, EncodeError, bcdNumber, restHex, reversedHex, sequence } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Codec, Fields } from '@zhuzhan/codec'
import { readingTaken } from '../settings.js'
import { allBut, fields, member } from './combinators.js'
import { Di, Mac, Operator } from './members.js'

/** Each element is sent reversed, low byte first. Reference §6. */
const low = reversedHex

/** Ciphertext 1 and random 1: one reading reverses each, the other sends them as they are (`authenticationOrder`). */
const authenticator: Codec<string> = {
  read: (r) => readingTaken(r.settings, 'authenticationOrder') === 'low-first' ? r.hexReversed(8) : r.hex(8),
  write: (w, value) => {
    if (value.length !== 16) throw new EncodeError('', '16 hex digits')
    if (readingTaken(w.settings, 'authenticationOrder') === 'low-first') w.hexReversed(value)
    else w.hex(value)
  },
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds fields of every type
type Body = Fields<any>

interface Exchange {
  request?: Body
  reply?: Body
}

const empty: Body = sequence({})
const purse: Body = sequence({ money: low(4), count: low(4), moneyMac: Mac, customer: low(6), customerMac: Mac })
const keyUpdate: Body = sequence({ keyInfo: low(4), mac: Mac, key: low(32) })
const file = { length: low(2), address: low(2), file: low(2), directory: low(2) }
const end: Exchange = { request: empty, reply: sequence({ customer: low(6), money: low(4), count: low(4), keyInfo: low(4) }) }
const status: Exchange = {
  request: empty, reply: sequence({ money: low(4), moneyMac: Mac, count: low(4), countMac: Mac, customer: low(6), keyInfo: low(4) }),
}

/** Keys of 32 bytes before the MAC. */
const keyBlocks: Body = fields({
  readInto: (r, target) => {
    if (readingTaken(r.settings, 'keyBlocks') !== 'blocks') r.fail('a body with a known layout')
    const size = r.remaining - 4
    if (size <= 0 || size % 32 !== 0) r.fail('keys of 32 bytes and a MAC')
    const keys: string[] = []
    while (r.remaining > 4) keys.push(member(r, String(keys.length), low(32)))
    target['keys'] = keys
    target['mac'] = member(r, 'mac', Mac)
  },
  write: (w, value) => {
    for (const key of (value as { keys: string[] }).keys) low(32).write(w, key)
    Mac.write(w, (value as { mac: string }).mac)
  },
})

/** Bodies behind DI and operator (requests) or DI (replies); what the reference leaves empty is missing here. Reference §6. */
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  '070000FF': {
    request: sequence({ cipher1: authenticator, random1: authenticator, dispersion: low(8) }), reply: sequence({ random2: low(4), esamSerial: low(8) }),
  },
  '070001FF': { request: sequence({ minutes: bcdNumber({ size: 2, decimals: 0 }), mac: Mac }), reply: empty },
  '070002FF': end,
  '07000201': end,
  '070101FF': { request: purse },
  '070102FF': { request: purse },
  '070103FF': { request: purse },
  '078001FF': { request: sequence(file), reply: sequence(file, { content: allBut(4, 'low-first'), mac: Mac }) },
  '078102FF': status,
  '07810201': status,
  '070201FF': { request: keyUpdate },
  '070202FF': { request: keyUpdate },
  '070203FF': { request: keyUpdate },
  '070301FF': { request: keyBlocks },
}

export interface SecurityMessage {
  di: string
  /** In requests. */
  operator?: string
  /** Members by the exchange. */
  body?: Readonly<Record<string, unknown>>
  /** A body without known layout, and why; `reason` is derived. */
  data?: string
  reason?: string
}

/** 03 and 83. A body that does not fit its layout stays bytes. */
function security(side: keyof Exchange): Fields<SecurityMessage> {
  return fields({
    readInto: (r, target) => {
      const di = member(r, 'di', Di)
      target['di'] = di
      if (side === 'request') target['operator'] = member(r, 'operator', Operator)
      readBody(r, target, EXCHANGES[di]?.[side])
    },
    write: (w, value) => {
      const di = value.di.toUpperCase()
      Di.write(w, di)
      if (side === 'request') Operator.write(w, value.operator!)
      writeBody(w, value, EXCHANGES[di]?.[side])
    },
  })
}

function readBody(r: ByteReader, target: Record<string, unknown>, body: Body | undefined): void {
  if (r.remaining === 0 && (body === undefined || body === empty)) return
  const from = r.offset
  const mark = r.trace?.mark()
  try {
    if (body === undefined) r.fail('an exchange with a known layout')
    target['body'] = member(r, 'body', body)
    r.finish()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (mark) r.trace!.rewind(mark)
    r.offset = from
    delete target['body']
    target['data'] = member(r, 'data', restHex)
    target['reason'] = `expected ${error.expected}`
  }
}

function writeBody(w: ByteWriter, { body, data }: SecurityMessage, table: Body | undefined): void {
  if (body !== undefined) {
    if (table === undefined) throw new EncodeError('body', 'data, since the layout is not known')
    table.write(w, body)
  } else if (data !== undefined) w.hex(data)
}

export const SecurityRequest = security('request')
export const SecurityReply = security('reply')
