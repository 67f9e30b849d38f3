import { readFileSync, readdirSync } from 'node:fs'
import type { ProtocolName } from '../index.js'

export interface RecordedFrame {
  hex: string
  description: string
  protocol: ProtocolName
}

const NAMES: Readonly<Record<string, ProtocolName>> = {
  'DL/T 698.45': 'dlt698', 'DL/T 645-2007': 'dlt645', 'Q/GDW 1376.1': 'gdw1376.1', 'Q/GDW 1376.2': 'gdw1376.2', SSAL: 'ssal',
}
const FOLDERS: Readonly<Record<string, ProtocolName>> = { dlt698: 'dlt698', dlt645: 'dlt645', gdw1376: 'gdw1376.1', ssal: 'ssal' }

/** The frames of every protocol's vectors folder. */
export const recordedFrames: readonly RecordedFrame[] = Object.entries(FOLDERS).flatMap(([folder, usual]) => {
  const at = new URL(`../../../${folder}/vectors/`, import.meta.url)
  return readdirSync(at).filter((file) => /^frames-.*\.json$/.test(file)).flatMap((file) =>
    (JSON.parse(readFileSync(new URL(file, at), 'utf8')) as { hex: string; description?: string; name?: string; protocol?: string }[])
      .map(({ hex, description, name, protocol }) => ({ hex, description: description ?? name ?? '', protocol: protocol === undefined ? usual : NAMES[protocol]! })))
})

/** The first recorded frame (of a protocol) whose description contains these words. */
export function recordedFrame(words: string, of?: ProtocolName): RecordedFrame {
  const found = recordedFrames.find(({ description, protocol }) => description.includes(words) && (of === undefined || protocol === of))
  if (found === undefined) throw new RangeError(`no recorded frame: ${words}`)
  return found
}
