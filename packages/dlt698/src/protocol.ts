import type { Protocol } from '@zhuzhan/codec'
import { frameFromJson, frameToJson } from './json/frame.js'
import { MAX_LENGTH } from './link/frame.js'
import { dlt698Framing } from './link/index.js'
import { SETTINGS } from './settings.js'
import { describe } from './words/describe.js'
import { labels } from './words/labels.js'

/** DL/T 698.45 as tools see it that treat frames of all protocols alike. Its framing accepts frames of every length. */
export const dlt698: Protocol<'dlt698'> = {
  name: 'dlt698',
  framing: dlt698Framing({ maxLength: MAX_LENGTH }),
  toJson: frameToJson,
  fromJson: frameFromJson,
  settings: SETTINGS,
  labels,
  describe,
}
