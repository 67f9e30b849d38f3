import { randomUUID } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CommandAction, ControllableLoad, CryptoMachine, LoadObjects, MandateState, ServiceSigner, SetPoint } from '@zhuzhan/contracts'
import { findMeter } from '@zhuzhan/persistence'
import type { CommandRecord, CommandStore, MeterView, SignedCommand } from '@zhuzhan/persistence'
import { currentTraceparent, withSpan } from '@zhuzhan/telemetry'
import type pg from 'pg'
import { askMachine } from './ask-machine.js'
import { mayBeControlled } from './controllable.js'
import type { Delivery } from './delivery.js'
import { createModuleStates } from './module-states.js'
import { protectorOf, ticketRequest } from './ticket-request.js'
import type { TicketAction } from './ticket-request.js'

export interface SetPowerOrder {
  meter: string
  setPoint: SetPoint
  /** What the meter's set-point is for. */
  load: ControllableLoad
  reason?: string
  /** Not sent by then it is never sent: 10 to 86 400. */
  expiresInSeconds: number
  /** A UUID of the caller's, for a command that is asked for again after a crash: the row that is there is the answer. */
  id?: string
}

/** Commands that a service signs alone (OSP-1 §7.6): one row, at most one sending, doubt is `unknown`, like every other command. */
export interface ServiceDispatch {
  /** Why the machine would refuse a set-point of this service now, in words; undefined when it would not. @throws HesError UNAVAILABLE */
  setPowerMissing(load: ControllableLoad): Promise<string | undefined>
  /**
   * A set-point, where a policy entry `service-alone` of two administrators says so. What becomes of it is read from its row.
   * @throws HesError NOT_CONFIGURED, NOT_FOUND, TICKET_REFUSED, STATE_CONFLICT, DEVICE_SUSPECT, UNAVAILABLE while the machine is away
   */
  setPower(order: SetPowerOrder): Promise<CommandRecord>
  /** Standing mandates of this service as the crypto machine knows them; empty without one. @throws HesError UNAVAILABLE */
  mandates(): Promise<MandateState[]>
  /**
   * Allowing one meter to close under a standing mandate: the meter must have keys of its own, since the ticket names it and no PROXY.
   * @param insert the caller's own transaction, which says whether it is still wanted
   * @throws HesError as `setPower`
   */
  allowClose(order: AllowCloseOrder, insert: InsertQueued): Promise<CommandRecord | undefined>
}

export interface AllowCloseOrder {
  id: string
  meter: string
  /** 16 bytes hex. */
  mandate: string
  reason: string
}
export type InsertQueued = (command: SignedCommand, detail: Record<string, unknown>) => Promise<CommandRecord | undefined>

export interface ServiceDispatchDeps {
  pool: pg.Pool
  store: CommandStore
  delivery: Delivery
  machine: Pick<CryptoMachine, 'prepareTicket' | 'place' | 'policies' | 'people' | 'moduleStates' | 'mandates'>
  signer: ServiceSigner
  /** Which part of the station asks; its commands are asked for by `service/NAME`. */
  name: string
  /** OI of the object each kind of load is reached by. */
  loadObjects: LoadObjects
  proxySeconds: number
  clock: Clock
}

const PARAMETERS = 5
const ACTION = 7
/** Longest validity of a control ticket. §7.6 */
const CONTROL_SECONDS = 900
const EVERY_AREA = 'F'.repeat(16)

export function createServiceDispatch({ pool, store, delivery, machine, signer, name, loadObjects, proxySeconds, clock }: ServiceDispatchDeps): ServiceDispatch {
  const who = `service/${name}`

  /** As the machine will judge it when it is sent; asked before, so that nobody waits for a refusal. */
  const setPowerMissing = async (load: ControllableLoad): Promise<string | undefined> => {
    const [{ people }, { policies }] = await Promise.all([askMachine(machine, 'people', {}), askMachine(machine, 'policies', {})])
    const me = people.find(({ person }) => person === signer.person)
    if (!me) return `two administrators must enter person ${signer.person} with the role service`
    if (me.state !== 'active' || !me.roles.includes('service')) return `person ${signer.person} is ${me.state} and has the roles ${me.roles.join(', ')}`
    const omd = `${loadObjects[load]}7F00`
    const entry = policies.some(({ task, service, target, allows }) =>
      task === PARAMETERS && service === ACTION && allows === 'service-alone' && (target === omd || target === `${loadObjects[load]}FFFF`))
    return entry ? undefined : `no policy entry service-alone of two administrators for task ${PARAMETERS}, service 07, ${omd}`
  }

  const mayAct = async (area: string): Promise<void> => {
    const { people } = await askMachine(machine, 'people', {})
    const areas = people.find(({ person }) => person === signer.person)?.areas ?? []
    if (!areas.includes(area) && !areas.includes(EVERY_AREA)) throw new HesError('TICKET_REFUSED', `The service is not entered for area ${area}.`)
  }

  const areaOf = async (address: string): Promise<string> => {
    try {
      return (await askMachine(machine, 'place', { address })).area
    } catch (error) {
      if (!(error instanceof HesError) || error.code !== 'NOT_FOUND') throw error
      throw new HesError('TICKET_REFUSED', `The crypto machine does not know where ${address} is: administrators must place it.`, { object: `meter/${address}` })
    }
  }

  const meterFor = async (address: string, action: CommandAction): Promise<MeterView> => {
    const meter = await findMeter(pool, address)
    if (!meter) throw new HesError('NOT_FOUND', `There is no meter ${address}.`)
    mayBeControlled(meter, action)
    const protector = protectorOf(meter)
    if ((await createModuleStates(machine).of([protector])).get(protector) === 'suspect') throw new HesError('DEVICE_SUSPECT', undefined, { object: `meter/${address}` })
    return meter
  }

  /** Drafted by the machine, signed by the service, which looks at the bytes again. */
  const signed = async (meter: MeterView, action: TicketAction, validSeconds: number, mandate?: string): Promise<{ ticket: Buffer; sigOperator: Buffer }> => {
    const device = protectorOf(meter)
    const area = await areaOf(device)
    await mayAct(area)
    const under = mandate === undefined ? {} : { mandate }
    const asked = { apdu: ticketRequest(meter, action, proxySeconds), device, area, validSeconds, ...under }
    const { tkt } = await askMachine(machine, 'prepareTicket', { operator: signer.person, approver: null, area, validSeconds, apdu: asked.apdu, devices: [device], ...under })
    return { ticket: Buffer.from(tkt), sigOperator: await signer.sign(tkt, asked) }
  }

  const setPower = async ({ meter: address, setPoint, load, reason, expiresInSeconds, id = randomUUID() }: SetPowerOrder): Promise<CommandRecord> => {
    const known = await store.find(id)
    if (known) return known
    const meter = await meterFor(address, 'set-power')
    const missing = await setPowerMissing(load)
    if (missing !== undefined) throw new HesError('TICKET_REFUSED', `The service may not give set-points alone: ${missing}.`)
    const traceParent = currentTraceparent()
    const command = await store.createQueued({
      id, meterAddress: meter.address, terminalAddress: meter.terminal, action: 'set-power', parameters: { object: loadObjects[load], setPoint },
      requestedBy: who, expiresAt: new Date(clock.now() + expiresInSeconds * 1_000), ...await signed(meter, { setPoint, object: loadObjects[load] }, expiresInSeconds),
      ...(reason === undefined ? {} : { reason }), ...(traceParent === undefined ? {} : { traceParent }),
    }, { service: signer.person })
    await delivery.handOver(command)
    return command
  }

  const allowClose: ServiceDispatch['allowClose'] = async ({ id, meter: address, mandate, reason }, insert) => {
    const meter = await meterFor(address, 'allow-close')
    if (protectorOf(meter) !== meter.address) throw new HesError('TICKET_REFUSED', `${address} has no keys of its own: under a mandate only the meter itself is told, never its terminal.`, { object: `meter/${address}` })
    const traceParent = currentTraceparent()
    const command = await insert({
      id, meterAddress: meter.address, terminalAddress: meter.terminal, action: 'allow-close', parameters: {}, reason, requestedBy: who,
      expiresAt: new Date(clock.now() + CONTROL_SECONDS * 1_000), ...await signed(meter, 'allow-close', CONTROL_SECONDS, mandate), ...(traceParent === undefined ? {} : { traceParent }),
    }, { service: signer.person, mandate })
    if (command) await delivery.handOver(command)
    return command
  }

  return {
    setPowerMissing,
    mandates: async () => (await askMachine(machine, 'mandates', {})).mandates.filter(({ service }) => service === signer.person),
    allowClose: (order, insert) => withSpan('api.command.submit', () => allowClose(order, insert), { attributes: { 'zhuzhan.action': 'allow-close', 'zhuzhan.meter': order.meter } }),
    setPower: (order) => withSpan('api.command.submit', () => setPower(order), { attributes: { 'zhuzhan.action': 'set-power', 'zhuzhan.meter': order.meter } }),
  }
}

/** In a station whose settings give no service a key: every order ends the same way. */
export function noServiceDispatch(): ServiceDispatch {
  const why = 'This station has no service identity: ZHUZHAN_SERVICE_KEY_FILE, ZHUZHAN_SERVICE_KEY_SECRET, ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET are needed. People decide.'
  return {
    setPowerMissing: async () => why,
    setPower: async () => { throw new HesError('NOT_CONFIGURED', why) },
    mandates: async () => [],
    allowClose: async () => { throw new HesError('NOT_CONFIGURED', why) },
  }
}
