import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { CONTROL, encodeApdu, encodeFrame, frameToJson } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { createRandom } from '../fuzz/random.js'
import { peerArguments } from './arguments.js'
import { createTally } from './tally.js'

/**
 * Requests made by github.com/wl99/node-red-zdlms, read here and made here again byte by byte: GET of an attribute,
 * plain and in a security wrapper with a random. (Its own decoder of DL/T 698.45 assigns to a constant and always fails.)
 *
 *   node --conditions=zhuzhan-source --import tsx bench/peers/zdlms-698.ts --peer DIR [--count N] [--seed S]
 */

const { peer, count, seed } = peerArguments()
const { encode698 } = createRequire(import.meta.url)(resolve(join(peer, 'lib/698/encoder.js'))) as { encode698(input: object): string }

const random = createRandom(seed)
const tally = createTally()
for (let n = 0; n < count; n++) {
  const oad = random.bytes(4).toString('hex').toUpperCase()
  // It sends the address as given, so it is given low byte first.
  const sent = random.bytes(6)
  const server = Buffer.from(sent).reverse().toString('hex').toUpperCase()
  const client = random.below(256)
  const security = random.oneIn(2) ? 'plain_rn' : 'none'
  const bytes = Buffer.from(encode698({ oadHex: oad, sa: sent.toString('hex').toUpperCase(), ca: client, security }), 'hex')
  const json = frameToJson(bytes) as { address?: object; apdu?: Record<string, unknown> }
  const inner = (security === 'plain_rn' ? json.apdu?.['content'] : json.apdu) as { oad?: string; piid?: { number: number; priority: boolean; acd: boolean } } | undefined
  if (inner?.oad !== oad || inner.piid === undefined) {
    tally.differ(security, undefined, `${bytes.toString('hex')} ${JSON.stringify(json)}`)
    continue
  }
  const get: Apdu = { apdu: 'get-request', choice: 'normal', piid: inner.piid, oad, timeTag: undefined }
  const rn = Buffer.from(String((json.apdu?.['verification'] as { rn?: string } | undefined)?.rn ?? ''), 'hex')
  const apdu: Apdu = security === 'none' ? get : { apdu: 'security-request', form: 'plain', content: encodeApdu(get), verification: { kind: 'rn', rn } }
  const again = encodeFrame({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server, client }, data: encodeApdu(apdu) })
  if (Buffer.concat([Buffer.alloc(4, 0xfe), again]).equals(bytes)) tally.agree(security)
  else tally.differ(security, undefined, `${bytes.toString('hex')} / ${again.toString('hex')}`)
}
tally.print('wl99/node-red-zdlms lib/698/encoder.js')
