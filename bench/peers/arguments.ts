import { parseArgs } from 'node:util'

/** `--peer DIR`, where the other project's files are; `--count N` frames, `--seed S`. */
export function peerArguments(): { peer: string; count: number; seed: number } {
  const { values } = parseArgs({ options: { peer: { type: 'string' }, count: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } } })
  if (values.peer === undefined) throw new RangeError('--peer DIR: the folder with the other implementation (docs/protocol/peers.md)')
  return { peer: values.peer, count: Number(values.count), seed: Number(values.seed) }
}
