import type { Protocol } from '@zhuzhan/codec'
import { describe } from './describe.js'
import { frameFromJson, frameToJson } from './json.js'
import { LABELS } from './labels.js'
import { dlt645Framing } from './link/splitter.js'
import { SETTINGS } from './settings.js'

/** DL/T 645-2007 for tools that treat frames of all protocols alike. */
export const dlt645: Protocol<'dlt645'> = {
  name: 'dlt645', framing: dlt645Framing(), toJson: frameToJson, fromJson: frameFromJson, settings: SETTINGS, labels: LABELS, describe,
}
