import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { encodeFrame, frameToJson, readRequest } from '@zhuzhan/dlt645'
import { createRandom } from '../fuzz/random.js'
import type { Random } from '../fuzz/random.js'
import { peerArguments } from './arguments.js'
import { createTally } from './tally.js'

/**
 * DL/T 645-2007 both ways with github.com/wl99/node-red-zdlms: answers encoded here are read there, requests made there
 * are read here and made again byte by byte.
 *
 *   node --conditions=zhuzhan-source --import tsx bench/peers/zdlms-645.ts --peer DIR [--count N] [--seed S]
 */

interface Answer { ok?: boolean; exec_addr?: string; di?: string; value?: unknown; payload?: unknown; reason?: string }
const { peer, count, seed } = peerArguments()
const { process645 } = createRequire(import.meta.url)(resolve(join(peer, 'lib/645.js'))) as { process645(node: object, message: object): { payload: unknown } }

const random = createRandom(seed)
const tally = createTally()
const digits = (size: number): string => Array.from({ length: size }, () => random.below(10)).join('')
/** BCD items that it has: DI, and how many bytes of the answer it takes. Voltages have two bytes; it takes three. */
const ITEMS: readonly (readonly [di: string, size: number])[] = [
  ['02020100', 3], ['02020200', 3], ['02020300', 3], ['02030000', 3], ['02060000', 2], ['02010100', 2], ['02010200', 2], ['02010300', 2], ['04000401', 6],
]

function answer(from: Random): void {
  const address = digits(12)
  const [di, size] = from.pick(ITEMS)
  const value = digits(2 * size)
  const data = Buffer.concat([Buffer.from(di, 'hex').reverse(), Buffer.from(value, 'hex').reverse()])
  const frame = encodeFrame({ address, control: { fromMeter: true, abnormal: false, followUp: false, function: 0x11 }, data, ...(from.oneIn(2) && { leading: 4 }) })
  const found = (process645({}, { mode: 'decode', payload: frame.toString('hex').toUpperCase() }) as { payload: Answer }).payload
  const expected = size === 6 ? value : Number(value)
  if (found.exec_addr === address && found.di === di && String(found.value) === String(expected)) return tally.agree(`answer ${di}`)
  const reason = di.startsWith('0201') ? 'three bytes taken for a voltage of two' : undefined
  tally.differ('answer', reason, `${di} ${value}: ${String(found.exec_addr)} ${String(found.di)} ${String(found.value)} ${String(found.reason)}`)
}

function request(from: Random): void {
  const address = digits(12)
  const di = from.pick(ITEMS)[0]
  // It writes the address as given, so low byte first is asked for, and its other checksum too.
  const made = process645({}, { mode: 'encode', addr_reverse: true, cs_mode: 'full', payload: { com_exec_addr: address, payload: { oad: di } } }) as { payload: { payload: string } }
  const bytes = Buffer.from(made.payload.payload, 'hex')
  const ours = Buffer.concat([Buffer.alloc(4, 0xfe), readRequest(address, di)])
  const read = frameToJson(bytes) as { address: string }
  if (ours.equals(bytes) && read.address === address) tally.agree('request')
  else tally.differ('request', undefined, `${bytes.toString('hex')} / ${ours.toString('hex')}`)
}

for (let n = 0; n < count; n++) {
  if (n % 2 === 0) answer(random)
  else request(random)
}
tally.print('wl99/node-red-zdlms lib/645.js')
