import { HesError } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoRequest, NewRotationBody } from '@zhuzhan/contracts'
import type { RotationOrder } from '@zhuzhan/persistence'

/** Devices of one order at most. */
const MAX_DEVICES = 4_096
const FORMAL = 1
const VALID_SECONDS = 24 * 3_600
const PAGE = 4_096
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

type EnrolledDevice = Awaited<ReturnType<typeof enrolled>>[number]

/** What the machine knows of every device with keys. */
async function enrolled(machine: CryptoMachine) {
  const all = []
  for (let after = ''; ;) {
    const { devices } = outcomeValue<'keyDevices'>((await machine.keyDevices([{ limit: PAGE, ...(after === '' ? {} : { after }) }]))[0])
    all.push(...devices)
    after = devices.at(-1)?.address ?? ''
    if (devices.length < PAGE) return all
  }
}

export interface RotationPlan {
  keyVersion: number
  devices: string[]
  skipped: { address: string; why: string }[]
  /** The version has no root keys yet. */
  newRoots: boolean
}

/** Who goes to which version, and who is left out and why: an order the machine refuses for one device would be refused whole. */
export async function planRotation(machine: CryptoMachine, scope: readonly string[], wanted: number | undefined): Promise<RotationPlan> {
  const known = new Map((await enrolled(machine)).map((device) => [device.address, device]))
  const { versions } = outcomeValue<'rootKeys'>((await machine.rootKeys([{}]))[0])
  const formal = versions.filter((one) => one.keyState === FORMAL)
  const found = scope.flatMap((address) => known.get(address) ?? [])
  const held = Math.max(0, ...found.filter((one) => one.keyState === FORMAL).map((one) => one.keyVersion))
  const usable = formal.filter((one) => one.status === 'pending' || one.status === 'active').map((one) => one.keyVersion)
  const highest = Math.max(0, ...formal.map((one) => one.keyVersion))
  const newest = Math.max(0, ...usable)
  const keyVersion = wanted ?? (newest > held ? newest : Math.max(highest, held) + 1)
  if (keyVersion > 255) throw new HesError('STATE_CONFLICT', 'The last version of root keys (255) is in use.')
  const why = (device: EnrolledDevice | undefined): string | undefined => {
    if (!device) return 'the crypto machine has no keys of it'
    if (device.suspect) return 'suspect: its modules must be bound anew first'
    if (device.updating) return 'another key update of it is open'
    return device.keyState === FORMAL && device.keyVersion >= keyVersion ? `it has version ${device.keyVersion} already` : undefined
  }
  const judged = scope.map((address) => ({ address, why: why(known.get(address)) }))
  return {
    keyVersion, newRoots: !formal.some((one) => one.keyVersion === keyVersion),
    devices: judged.filter((one) => one.why === undefined).map((one) => one.address),
    skipped: judged.flatMap(({ address, why: reason }) => (reason === undefined ? [] : [{ address, why: reason }])),
  }
}

/** The orders of a rotation as bytes to sign: new root keys first, then devices by the thousands. */
export async function prepareOrders(machine: CryptoMachine, { keyVersion, devices, newRoots }: RotationPlan, signers: NewRotationBody['signers']): Promise<RotationOrder[]> {
  const lists = Array.from({ length: Math.ceil(devices.length / MAX_DEVICES) }, (_, i) => devices.slice(i * MAX_DEVICES, (i + 1) * MAX_DEVICES))
  const bodies: CryptoRequest<'prepareOrder'>['body'][] = [
    ...(newRoots ? [{ kind: 'root-keys' as const, keyState: FORMAL, keyVersion }] : []),
    ...lists.map((addresses) => ({ kind: 'key-update' as const, keyState: FORMAL as 1, keyVersion, addresses })),
  ]
  const prepared = await machine.prepareOrder(bodies.map((body) => ({ first: signers[0].person, second: signers[1].person, body, validSeconds: VALID_SECONDS })))
  return prepared.map((outcome, i): RotationOrder => {
    const { order } = outcomeValue<'prepareOrder'>(outcome)
    const kind = bodies[i]?.kind === 'root-keys' ? 'root-keys' : 'key-update'
    return { order: orderIdOf(order), kind, message: Buffer.from(order).toString('base64'), submitted: false }
  })
}

/** label(8) || version(1) || station(8) || epoch(8) || order id(16): the machine's answer names the same id when it is carried out. */
function orderIdOf(order: Uint8Array): string {
  return hex(order.subarray(25, 41))
}

export interface SignaturePair {
  first: Uint8Array
  second: Uint8Array
}

/** Laboratories: both signatures by the machine, from passwords. @throws HesError ORDER_REFUSED for a wrong person or password alike, PROFILE_REFUSED in production */
export async function signWithPasswords(machine: CryptoMachine, message: Uint8Array, signers: readonly [{ person: string; password: string }, { person: string; password: string }]): Promise<SignaturePair> {
  const sign = async (signer: { person: string; password: string }, after?: Uint8Array): Promise<Uint8Array> => {
    const [outcome] = await machine.signWithPassword([{ ...signer, message, ...(after && { after }) }])
    // Not the operator's own login: a 401 would send him to log in again.
    if (outcome?.ok === false && outcome.code === 'LOGIN_REFUSED') throw new HesError('ORDER_REFUSED', 'An administrator or a password among the signers was not accepted; nothing was ordered.')
    return outcomeValue<'signWithPassword'>(outcome).signature
  }
  const first = await sign(signers[0])
  return { first, second: await sign(signers[1], first) }
}
