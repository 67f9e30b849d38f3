import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Random, Sm2Engine } from '@zhuzhan/gm-crypto'
import { NOBODY, decodeOrder, describeOrder, encodeOrder, firstOrderInput, secondOrderInput } from '@zhuzhan/osp1'
import type { Order } from '@zhuzhan/osp1'
import type { PersonRow } from '../store/authority-store.js'
import type { MachineStore } from '../store/store.js'
import type { OrderEffects } from './order-effects.js'
import type { People } from './people.js'
import type { Refusals } from './refusals.js'
import type { Serially } from './serially.js'

export interface Orders {
  prepare(request: CryptoRequest<'prepareOrder'>): CryptoResult<'prepareOrder'>
  submit(request: CryptoRequest<'submitOrder'>): Promise<CryptoResult<'submitOrder'>>
}

export interface OrdersOptions {
  store: MachineStore
  engine: Sm2Engine
  people: People
  effects: OrderEffects
  refusals: Refusals
  clock: Clock
  random: Random
  stationId: Buffer
  epoch: Buffer
  /** Everything that changes device rows goes through it, one after the other. */
  oneByOne: Serially
}

const HOUR = 3_600
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** Orders of administrators: prepared, judged, carried out whole or not at all. docs/security/orders.md */
export function createOrders({ store, engine, people, effects, refusals, clock, random, stationId, epoch, oneByOne }: OrdersOptions): Orders {
  const signedBy = async (person: PersonRow | undefined, input: Buffer, signature: Uint8Array | undefined): Promise<boolean> =>
    person?.state === 'active' &&
    person.roles.includes('administrator') &&
    signature !== undefined &&
    (await engine.verify(person.publicKey, SM2_DEFAULT_ID, input, signature))

  /** One class of refusal, and no reason, for everything an outsider could try. */
  const checkSigned = async (order: Order, { order: bytes, sigFirst, sigSecond }: CryptoRequest<'submitOrder'>): Promise<boolean> => {
    const seconds = Math.floor(clock.now() / 1000)
    const alone = order.secondId.equals(NOBODY)
    const [first, second] = await Promise.all([people.get(order.firstId), alone ? undefined : people.get(order.secondId)])
    const genuine =
      order.stationId.equals(stationId) &&
      order.epoch.equals(epoch) &&
      seconds >= order.notBefore &&
      seconds <= order.notAfter &&
      (await signedBy(first, firstOrderInput(bytes), sigFirst)) &&
      (alone ? sigSecond === undefined : await signedBy(second, secondOrderInput(bytes, sigFirst), sigSecond))
    if (!genuine) throw new HesError('ORDER_REFUSED')
    return !alone
  }

  const carryOut = async (request: CryptoRequest<'submitOrder'>): Promise<CryptoResult<'submitOrder'>> => {
    const order = decodeOrder(request.order)
    const two = await checkSigned(order, request)
    const refuse = (reason: string): HesError => new HesError('ORDER_REFUSED', undefined, { reason })
    const { changes, widens, subject, detail, done } = await effects(order, refuse)
    if (widens && !two) throw refuse('two-administrators')
    const fresh = await store.commitOrder(
      {
        orderId: order.orderId,
        bytes: Buffer.from(request.order),
        sigFirst: Buffer.from(request.sigFirst),
        sigSecond: request.sigSecond && Buffer.from(request.sigSecond),
        appliedAt: clock.now(),
      },
      changes,
      {
        kind: `order-${order.body.kind}`,
        subject,
        detail: { ...detail, order: hex(order.orderId), first: hex(order.firstId), ...(two && { second: hex(order.secondId) }) },
      },
    )
    if (!fresh) throw refuse('carried-out-before')
    await done()
    return { order: hex(order.orderId), kind: order.body.kind }
  }

  return {
    prepare({ first, second, body, notBefore = Math.floor(clock.now() / 1000), validSeconds = HOUR }) {
      const order = encodeOrder({
        stationId,
        epoch,
        orderId: random(16),
        firstId: Buffer.from(first, 'hex'),
        secondId: second === null ? NOBODY : Buffer.from(second, 'hex'),
        notBefore,
        notAfter: notBefore + validSeconds,
        body,
      })
      return { order, words: describeOrder(order) }
    },
    submit: (request) =>
      oneByOne(async () => {
        try {
          return await carryOut(request)
        } catch (error) {
          if (error instanceof HesError && error.code === 'ORDER_REFUSED')
            await refusals.note({ kind: 'order-refused', subject: 'order', detail: { reason: String(error.context['reason'] ?? 'not-genuine') } })
          throw error
        }
      }),
  }
}
