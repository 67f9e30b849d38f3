import { encodeUpdateAnswer, keyCheckValue } from '@zhuzhan/osp1'
import type { KeyUpdateAnswer, UpdateStep } from '@zhuzhan/osp1'
import type { OpenUpdate } from './devices.js'
import { judgeUpdateAnswer } from './update-answer.js'

const updateId = Buffer.from('U-P-D-1-')
const newDispersion = Buffer.alloc(8, 3)
const auth = Buffer.alloc(16, 9)
const update = { row: { updateId, newDispersion }, keys: { auth } } as unknown as OpenUpdate
const kcv = keyCheckValue(auth, updateId, newDispersion)
const wrong = keyCheckValue(Buffer.alloc(16, 8), updateId, newDispersion)
const answer = (more: Partial<KeyUpdateAnswer>): { octets: Buffer } => ({ octets: encodeUpdateAnswer({ step: 'stage', updateId, state: 1, kcv, ...more }) })

// Seen failing with `proved` set to true in update-answer.ts: a device with other keys would be committed.
it.each<[string, UpdateStep, { octets: Buffer } | { dar: number } | undefined, object]>([
  ['staged', 'stage', answer({}), { kind: 'staged' }],
  ['staged, with other keys', 'stage', answer({ kcv: wrong }), { kind: 'wrong-check-value', step: 'stage' }],
  ['staged, without a check value', 'stage', answer({ kcv: Buffer.alloc(8) }), { kind: 'wrong-check-value', step: 'stage' }],
  ['committed', 'commit', answer({ step: 'commit', state: 2 }), { kind: 'committed' }],
  ['committed, with other keys', 'commit', answer({ step: 'commit', state: 2, kcv: wrong }), { kind: 'wrong-check-value', step: 'commit' }],
  ['only staged when it should commit', 'commit', answer({ step: 'commit' }), { kind: 'failed' }],
  ['the answer of another step', 'commit', answer({ state: 2 }), { kind: 'failed' }],
  ['the answer to another update', 'stage', answer({ updateId: Buffer.alloc(8) }), { kind: 'failed' }],
  ['aborted', 'abort', answer({ step: 'abort', state: 0, kcv: Buffer.alloc(8) }), { kind: 'aborted' }],
  ['committed before the abort came', 'abort', answer({ step: 'abort', state: 2 }), { kind: 'committed' }],
  ['refused', 'stage', { dar: 22 }, { kind: 'refused', step: 'stage' }],
  ['no space', 'stage', { dar: 255 }, { kind: 'failed' }],
  ['another form', 'stage', { octets: Buffer.alloc(18) }, { kind: 'failed' }],
  ['no octet-string', 'stage', undefined, { kind: 'failed' }],
])('%s', (_name, step, given, verdict) => {
  expect(judgeUpdateAnswer(step, update, given)).toMatchObject(verdict)
})
