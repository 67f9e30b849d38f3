import { HesError } from '@zhuzhan/core'
import { authFailed, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import { label, zeros } from './bytes.js'

/** Key update messages (purpose 4). §7.8 */

export const UPDATE_STEP = { stage: 1, commit: 2, abort: 3 } as const
export type UpdateStep = keyof typeof UPDATE_STEP
const STEPS = Object.keys(UPDATE_STEP) as UpdateStep[]
const VERSION = 1
const HEAD = 20
const ENTRY = 17
const TAG = 16
const LABEL = label('OSP1-KUP')

export interface KeyUpdateHead {
  step: UpdateStep
  updateId: Buffer
  newState: number
  newVersion: number
  newDispersion: Buffer
}

export interface WrappedKey {
  purpose: number
  key: Buffer
}

/** What the wrap is bound to. §7.14: D is the ACTIVE dispersion factor. */
export interface UpdateContext {
  ad: Uint8Array
  dispersion: Uint8Array
}

/** KU without keys: 20 bytes; a commit or an abort is this alone. */
export function encodeUpdateHead(head: KeyUpdateHead): Buffer {
  return Buffer.concat([
    Buffer.of(VERSION, UPDATE_STEP[head.step]),
    head.updateId,
    Buffer.of(head.newState, head.newVersion),
    head.newDispersion,
  ])
}

const nonce = (updateId: Uint8Array): Buffer => Buffer.concat([Buffer.of(4), zeros(3), updateId])
const aad = (context: UpdateContext, head: Uint8Array): Buffer => Buffer.concat([LABEL, context.ad, context.dispersion, head])

/** The whole stage message. The bytes are stored before they are sent, and a retry sends the same bytes. */
export function encodeStage(
  wrapKey: Uint8Array,
  context: UpdateContext,
  head: Omit<KeyUpdateHead, 'step'>,
  keys: readonly WrappedKey[],
): Buffer {
  const first = encodeUpdateHead({ ...head, step: 'stage' })
  const text = Buffer.concat(keys.map(({ purpose, key }) => Buffer.concat([Buffer.of(purpose), key])))
  const { ciphertext, tag } = sm4CcmSeal(wrapKey, nonce(head.updateId), aad(context, first), text, TAG)
  return Buffer.concat([first, ciphertext, tag])
}

/** Head of any KU, and whether keys follow. @throws HesError AUTH_FAILED */
export function decodeUpdateHead(bytes: Uint8Array): KeyUpdateHead {
  const b = Buffer.from(bytes)
  const step = STEPS[(b[1] ?? 0) - 1]
  if (b.length < HEAD || b[0] !== VERSION || !step || (step !== 'stage' && b.length !== HEAD)) throw authFailed()
  return { step, updateId: b.subarray(2, 10), newState: b[10] ?? 0, newVersion: b[11] ?? 0, newDispersion: b.subarray(12, 20) }
}

/** The keys of a stage: purposes ascending, 1 always there. @throws HesError AUTH_FAILED */
export function openStage(wrapKey: Uint8Array, context: UpdateContext, bytes: Uint8Array): { head: KeyUpdateHead; keys: WrappedKey[] } {
  const head = decodeUpdateHead(bytes)
  const body = Buffer.from(bytes).subarray(HEAD)
  if (head.step !== 'stage' || body.length < TAG + ENTRY || (body.length - TAG) % ENTRY !== 0) throw authFailed()
  const text = sm4CcmOpen(
    wrapKey,
    nonce(head.updateId),
    aad(context, bytes.subarray(0, HEAD)),
    body.subarray(0, -TAG),
    body.subarray(-TAG),
    TAG,
  )
  const keys = Array.from(
    { length: text.length / ENTRY },
    (_, i): WrappedKey => ({ purpose: text[i * ENTRY] ?? 0, key: text.subarray(i * ENTRY + 1, (i + 1) * ENTRY) }),
  )
  const ascending = keys.every(({ purpose }, i) => purpose >= 1 && purpose <= 6 && (i === 0 || purpose > (keys[i - 1]?.purpose ?? 0)))
  if (!ascending || keys[0]?.purpose !== 1) throw authFailed()
  return { head, keys }
}

/** Active set of a meter, as far as a stage is judged against it. */
export interface ActiveKeys {
  state: number
  version: number
  dispersion: Uint8Array
  /** 0000 || the meter's own number, for the way from state 0 to 1. */
  ownNumber: Uint8Array
}

/** The rules a meter refuses with DAR 22. @throws HesError DEVICE_REFUSED with context.dar = 22 */
export function checkStage(active: ActiveKeys, head: KeyUpdateHead, keys: readonly WrappedKey[]): void {
  const refuse = (why: string): never => {
    throw new HesError('DEVICE_REFUSED', `key update: ${why}`, { dar: 22 })
  }
  if (head.newState === 0 || head.newState > 1 || head.newState < active.state) refuse('state')
  if (head.newState === active.state && head.newVersion <= active.version) refuse('version not above the active one')
  const toFormal = active.state === 0 && head.newState === 1
  if (!head.newDispersion.equals(toFormal ? active.ownNumber : active.dispersion)) refuse('dispersion factor')
  const changes = toFormal || !head.newDispersion.equals(active.dispersion)
  if (changes && ![1, 2, 4, 6].every((purpose) => keys.some((key) => key.purpose === purpose))) refuse('keys missing')
}

/** KA = 01 || step || updateId || state(0 none, 1 staged, 2 committed) || kcv(8). */
export interface KeyUpdateAnswer {
  step: UpdateStep
  updateId: Buffer
  state: 0 | 1 | 2
  kcv: Buffer
}

/** §7.8 writes KA as a 01 version byte, step, updateId, state, kcv: 19 bytes. */
export function encodeUpdateAnswer(answer: KeyUpdateAnswer): Buffer {
  return Buffer.concat([Buffer.of(VERSION, UPDATE_STEP[answer.step]), answer.updateId, Buffer.of(answer.state), answer.kcv])
}

/** @throws HesError AUTH_FAILED */
export function decodeUpdateAnswer(bytes: Uint8Array): KeyUpdateAnswer {
  const b = Buffer.from(bytes)
  const step = STEPS[(b[1] ?? 0) - 1]
  const state = b[10] ?? 9
  if (b.length !== 19 || b[0] !== VERSION || !step || state > 2) throw authFailed()
  return { step, updateId: b.subarray(2, 10), state: state as 0 | 1 | 2, kcv: b.subarray(11) }
}
