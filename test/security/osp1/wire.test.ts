/**
 * The rows of OSP-1 §8 that happen on the wire, against the running station and virtual devices: gateway, front end, crypto machine
 * and database are the real processes. docs/security/attacks.md says which row is where. Each defence was seen failing when it is
 * off; the mutation stands at its test.
 */
import { createEngine } from '@zhuzhan/gm-crypto'
import { openField } from '../field.js'
import type { Field } from '../field.js'
import { adversary } from './adversary.js'
import type { Adversary } from './adversary.js'
import { firmwareTransfer } from './firmware-transfer.js'
import { floods } from './floods.js'
import { forgedRequests } from './forged-requests.js'
import { sessionWitness } from './session-witness.js'
import { tampering } from './tampering.js'

const GROUP = '6700000000000007'
const engine = createEngine('openssl')
let verifications = 0
const witness = sessionWitness({
  ...engine,
  verify: (...asked) => {
    verifications += 1
    return engine.verify(...asked)
  },
})
let field: Field
let on: Adversary

beforeAll(async () => {
  field = await openField({ engine: witness.engine, groupId: GROUP, env: { ZHUZHAN_REQUEST_SECONDS: '5', ZHUZHAN_PROXY_SECONDS: '3' } })
  on = adversary(field, witness)
  for (const terminal of [field.modeS, field.modeF, field.plain]) await field.read(terminal)
}, 300_000)
afterAll(async () => {
  await field?.close()
  engine.close()
}, 60_000)

describe('eavesdrop, forge, tamper, downgrade', () => tampering(() => on))
describe('requests that the station never made', () => forgedRequests(() => on))
describe('firmware', () => firmwareTransfer(() => on))
describe('floods', () => floods(() => on, () => verifications))
