import { HesError } from '@zhuzhan/core'
import type { ActionRequest } from '@zhuzhan/dlt698'
import { dispersionOfNumber } from '../address.js'
import { CHIP_OPERATION, KEY_UPDATE, challengeOf, keyUpdateOf, octetsResponse } from '../field-apdus.js'
import { checkStage, decodeUpdateHead, encodeUpdateAnswer, openStage } from '../key-update.js'
import type { KeyUpdateAnswer, KeyUpdateHead } from '../key-update.js'
import type { DeviceModule } from '../key-file.js'
import { deriveKey, keyCheckValue } from '../keys.js'
import { encodeManifest, moduleMac } from '../manifest.js'
import type { KeySet, Keyring } from './keyring.js'
import type { DeviceSession } from './sessions.js'
import type { Osp1DeviceOptions } from './types.js'

const REFUSED = { dar: 22 } as const
const NOTHING_STAGED = Buffer.alloc(8)
const NO_MAC = Buffer.alloc(16)

/** What a meter answers itself, from its keys and chips: key updates and its module manifest. §7.7, §7.8 */
export function createFieldMethods({ keys, modules: told, manifest: shown = (honest) => honest, onEvent }: Osp1DeviceOptions, ad: Buffer, keyring: Keyring) {
  const inside = keys.modules
  const modules = told ?? (inside && (() => inside))
  const kcvOf = (set: KeySet, updateId: Buffer): Buffer => keyCheckValue(set.keys.session, updateId, set.dispersion)

  const stage = async (bytes: Buffer): Promise<KeyUpdateAnswer> => {
    const { active } = keyring
    const { head, keys: carried } = openStage(active.transport, { ad, dispersion: active.dispersion }, bytes)
    checkStage(
      { state: active.keyState, version: active.keyVersion, dispersion: active.dispersion, ownNumber: dispersionOfNumber(keys.address) },
      head,
      carried,
    )
    const pending = await keyring.stage(head, carried)
    onEvent?.({ kind: 'keys-staged', keyVersion: pending.keyVersion })
    return { step: 'stage', updateId: head.updateId, state: 1, kcv: kcvOf(pending, head.updateId) }
  }

  const commit = async ({ updateId }: KeyUpdateHead, session: DeviceSession): Promise<KeyUpdateAnswer | undefined> => {
    const done = (set: KeySet): KeyUpdateAnswer => ({ step: 'commit', updateId, state: 2, kcv: kcvOf(set, updateId) })
    if (keyring.active.updateId?.equals(updateId)) return done(keyring.active)
    const { pending } = keyring
    if (!pending?.updateId?.equals(updateId)) return undefined
    // Mode S: only a session under the pending keys proves that the station holds them.
    if (keys.mode === 'S' && session.set !== pending) return undefined
    await keyring.commit()
    onEvent?.({ kind: 'keys-committed', keyVersion: pending.keyVersion })
    return done(pending)
  }

  const abort = async ({ updateId }: KeyUpdateHead): Promise<KeyUpdateAnswer> => {
    if (keyring.active.updateId?.equals(updateId)) return { step: 'abort', updateId, state: 2, kcv: kcvOf(keyring.active, updateId) }
    const { pending } = keyring
    if (!pending?.updateId?.equals(updateId)) return { step: 'abort', updateId, state: 0, kcv: NOTHING_STAGED }
    await keyring.abort()
    return { step: 'abort', updateId, state: 0, kcv: kcvOf(pending, updateId) }
  }

  const update = async (ku: Buffer, session: DeviceSession): Promise<KeyUpdateAnswer | undefined> => {
    try {
      const head = decodeUpdateHead(ku)
      if (head.step === 'stage') return await stage(ku)
      return await (head.step === 'commit' ? commit(head, session) : abort(head))
    } catch (error) {
      if (error instanceof HesError) return undefined
      throw error
    }
  }

  const manifest = (challenge: Buffer, session: DeviceSession, own: readonly DeviceModule[]): Buffer => {
    const { dispersion, keys: active } = keyring.active
    const context = { transcriptHash: session.keys.transcriptHash, challenge, dispersion }
    return encodeManifest(
      own.map((module) => {
        const { key, ...entry } = module
        const chip = key === 'own' ? active.pairing : key
        return { ...entry, mac: chip ? moduleMac(deriveKey(chip, 'pairing', entry.serial), context, entry) : NO_MAC }
      }),
    )
  }

  return async (apdu: ActionRequest, session: DeviceSession): Promise<Buffer | { dar: number } | undefined> => {
    if (apdu.choice !== 'normal') return undefined
    if (apdu.omd === KEY_UPDATE) {
      const ku = keyUpdateOf(apdu)
      const answer = ku && (await update(ku, session))
      return answer ? octetsResponse(apdu, encodeUpdateAnswer(answer)) : REFUSED
    }
    const challenge = apdu.omd === CHIP_OPERATION && modules ? challengeOf(apdu) : undefined
    return challenge && modules ? octetsResponse(apdu, shown(manifest(challenge, session, modules()))) : undefined
  }
}
