import { outcome } from '@zhuzhan/gm-crypto'
import type { CaseReader, Outcome } from '@zhuzhan/gm-crypto'
import { decodeFirmwareManifest, encodeFirmwareManifest, unwrapImageKey, wrapImageKey } from '../firmware.js'
import { decodeUpdateAnswer, decodeUpdateHead, encodeStage, encodeUpdateAnswer, encodeUpdateHead, openStage } from '../key-update.js'
import { deriveKey, keyCheckValue } from '../keys.js'
import { decodeManifest, encodeManifest, judgeModule } from '../manifest.js'
import { keysOfCaseF } from './handshake-f.js'
import { keysOfCaseS } from './handshake-s.js'
import { adOfCase, sameBytes, sameNumber } from './derived.js'
import type { SectionContext } from './sections.js'

/** The machine judges each module by its own registry: slots, serials and pairing keys. */
export async function receiveManifest(own: CaseReader, wire: CaseReader, { session, engine }: SectionContext): Promise<Outcome[]> {
  const { mode, source } = session(own.text('base'))
  const { transcriptHash } = mode === 'S' ? keysOfCaseS(source) : await keysOfCaseF(source, engine)
  const dispersion = mode === 'S' ? source.bytes('dispersion') : source.bytes('idB')
  const context = { transcriptHash, challenge: own.bytes('challenge'), dispersion }
  const entries = decodeManifest(wire.bytes('manifest'))
  const registry = own.cases('modules')
  return [
    outcome('number of modules', entries.length === registry.length),
    ...sameBytes(wire, 'manifest', encodeManifest(entries)),
    ...sameBytes(wire, 'challenge', context.challenge),
    ...entries.flatMap((entry, i) => {
      const known = registry[i]
      const key = known?.has('deviceKey') ? deriveKey(known.bytes('deviceKey'), 'pairing', known.bytes('serial')) : undefined
      const expected = key ? 'proved' : 'declared'
      return [
        outcome(
          `module ${entry.slot}`,
          known !== undefined && known.number('slot') === entry.slot && known.bytes('serial').equals(entry.serial),
        ),
        outcome(`module ${entry.slot} mac`, judgeModule(key, context, entry) === expected),
      ]
    }),
    ...wire
      .cases('modules')
      .flatMap((module, i) => [
        ...sameNumber(module, 'slot', registry[i]?.number('slot')),
        ...sameBytes(module, 'serial', registry[i]?.bytes('serial')),
      ]),
  ]
}

/** The meter opens the stage and reads commit and abort; the station reads the answer and its check value. */
export function receiveKeyUpdate(own: CaseReader, wire: CaseReader): Outcome[] {
  const context = { ad: adOfCase(wire), dispersion: own.bytes('dispersion') }
  const key = own.bytes('wrapKey')
  const { head, keys } = openStage(key, context, wire.bytes('stage'))
  const expected = own.cases('keys').map((entry) => ({ purpose: entry.number('purpose'), key: entry.bytes('key') }))
  const authKey = keys[0]?.key ?? Buffer.alloc(16)
  const kcv = keyCheckValue(authKey, head.updateId, head.newDispersion)
  const answer = decodeUpdateAnswer(wire.bytes('stageAnswer'))
  const step = (field: string): Outcome => {
    const other = decodeUpdateHead(wire.bytes(field))
    return outcome(field, other.step === field && wire.bytes(field).equals(encodeUpdateHead({ ...head, step: other.step })))
  }
  return [
    ...sameBytes(wire, 'stage', encodeStage(key, context, head, expected)),
    step('commit'),
    step('abort'),
    outcome('answer', answer.step === 'stage' && answer.state === 1 && answer.updateId.equals(head.updateId) && answer.kcv.equals(kcv)),
    ...sameBytes(wire, 'stageAnswer', encodeUpdateAnswer({ step: 'stage', updateId: head.updateId, state: 1, kcv })),
    ...sameBytes(wire, 'kcv', kcv),
    ...sameBytes(wire, 'updateId', head.updateId),
    ...sameNumber(wire, 'newState', head.newState),
    ...sameNumber(wire, 'newVersion', head.newVersion),
    ...sameBytes(wire, 'newDispersion', head.newDispersion),
    ...sameBytes(wire, 'dispersion', context.dispersion),
    ...sameBytes(wire, 'wrapKey', key),
  ]
}

export function receiveFirmwareKey(own: CaseReader, wire: CaseReader): Outcome[] {
  const fwm = wire.bytes('fwm')
  const manifest = decodeFirmwareManifest(fwm)
  const context = { ad: adOfCase(wire), dispersion: own.bytes('dispersion'), fwm, relId: manifest.relId }
  const imageKey = unwrapImageKey(own.bytes('wrapKey'), context, wire.bytes('wrapped'))
  return [
    ...sameBytes(wire, 'fwm', encodeFirmwareManifest(manifest)),
    ...sameBytes(wire, 'relId', manifest.relId),
    ...sameBytes(wire, 'imageKey', imageKey),
    ...sameBytes(wire, 'wrapped', wrapImageKey(own.bytes('wrapKey'), context, imageKey)),
    ...sameBytes(wire, 'dispersion', context.dispersion),
    ...sameBytes(wire, 'wrapKey', own.bytes('wrapKey')),
  ]
}
