import { ssal } from '@zhuzhan/ssal'
import { detect } from '../frames/detect.js'
import { hexDigits, twelveDigits, wholeNumber } from './recipe.js'
import type { Recipe } from './recipe.js'

const APPLICATIONS: Readonly<Record<string, string>> = { dlt698: 'dlt698', 'gdw1376.1': 'gdw1376.1' }

/** Frames of the link to the Type I gateway. */
export const ssalRecipes: readonly Recipe[] = [
  {
    name: 'wrap', protocol: 'ssal', usage: 'HEX --to TERMINAL [--up]', help: 'a business frame in SSAL, plain',
    options: [
      { name: 'to', value: 'TERMINAL', help: 'terminal address' }, { name: 'up', help: 'from the terminal' }, { name: 'link', help: 'link management (login, heartbeat) in place of application data' },
      { name: 'sequence', value: 'N', help: '1 unless said' },
    ],
    make: (given) => {
      const data = hexDigits(given.words.join(''), 'the frame to wrap')
      const protocol = APPLICATIONS[detect(Buffer.from(data, 'hex'))?.protocol ?? ''] ?? 'initial'
      return ssal.fromJson({
        sequence: wholeNumber(given.option('sequence') ?? '1', '--sequence', 0, 0xffff),
        control: {
          fc: { dir: given.has('up') ? 1 : 0, prm: 1, subFrame: false, negotiate: false, type: given.has('link') ? 'link-management' : 'application' },
          sv: { cipher: 'plain', version: '1.0' }, dat: { protocol, device: 'collection-terminal', addressType: 'single' },
          da: { terminal: twelveDigits(given.need('to', '000000000001')), master: '', terminalLength: 'minus-one' },
        },
        lud: { data },
      })
    },
  },
]
