import { broadcastTime, followUpRequest, freeze, readAddress, readRequest, relayControl, writeRequest } from '@zhuzhan/dlt645'
import { LOCAL_OFFSET_MINUTES, momentText } from './moments.js'
import { BuildError, hexDigits, jsonOf, wholeNumber } from './recipe.js'
import type { Given, Recipe, RecipeOption } from './recipe.js'

const TO: RecipeOption = { name: 'to', value: 'ADDRESS', help: 'meter address of up to 12 digits; AAAAAAAAAAAA asks whoever is there' }
const CREDENTIALS: readonly RecipeOption[] = [
  { name: 'level', value: 'NN', help: 'password level, 02 unless said' },
  { name: 'password', value: 'HEX', help: '6 hex digits, 000000 unless said' },
  { name: 'operator', value: 'HEX', help: '8 hex digits, 00000000 unless said' },
]

function meter(given: Given): string {
  const text = given.need('to', '123456781012').toUpperCase()
  if (!/^(?:\d{1,12}|[0-9A]{12})$/.test(text)) throw new BuildError(`--to: a meter address of up to 12 digits, not '${text}'`)
  return text.padStart(12, '0')
}

function identifier(given: Given): string {
  const [di] = given.words
  if (di === undefined || !/^(0x)?[0-9a-f]{8}$/i.test(di)) throw new BuildError(`'${di ?? ''}' is no data identifier: 8 hex digits, like 00010000. 'explain WORDS' finds one by its name`)
  return hexDigits(di, 'DI', 4)
}

function credentials(given: Given): { level: string; password: string; operator: string } {
  return { level: given.option('level') ?? '02', password: hexDigits(given.option('password') ?? '000000', '--password', 3), operator: hexDigits(given.option('operator') ?? '00000000', '--operator', 4) }
}

/** Minutes a relay command is good for when nothing is said. */
const USUAL_VALIDITY = 10

/** When the command lapses. */
function validUntil(given: Given): string {
  const said = given.option('until')
  if (said !== undefined) return momentText(said, '--until', given.now)
  return new Date(given.now.getTime() + (LOCAL_OFFSET_MINUTES + USUAL_VALIDITY) * 60_000).toISOString().slice(0, 19)
}

const RELAY = [
  ['trip', 'trip', 'open the relay'], ['close', 'close', 'close the relay directly'], ['allow-close', 'allow-close', 'allow the user to close'],
  ['alarm', 'alarm-on', 'alarm'], ['end-alarm', 'alarm-off', 'end the alarm'], ['keep-power', 'keep-power-on', 'keep power'], ['release-power', 'keep-power-off', 'end keep power'],
] as const

function relayRecipe([name, command, help]: (typeof RELAY)[number]): Recipe {
  return {
    name, protocol: 'dlt645', usage: '--to ADDRESS [--until T]', help: `function 1C, ${help} (plain; meters under formal keys refuse it)`,
    options: [TO, ...CREDENTIALS, { name: 'until', value: 'T', help: `the command is void after it, ${USUAL_VALIDITY} minutes from now unless said` }],
    make: (given) => relayControl(meter(given), { command, validUntil: validUntil(given) }, credentials(given)),
  }
}

/** Requests of DL/T 645-2007. */
export const dlt645Recipes: readonly Recipe[] = [
  {
    name: 'read', protocol: 'dlt645', suits: () => false, usage: 'DI --to ADDRESS', help: 'function 11, read an identifier; --count and --time for the load profile',
    options: [TO, { name: 'count', value: 'N', help: 'records of the load profile' }, { name: 'time', value: 'T', help: 'from this moment on' }],
    make: (given) => {
      const count = given.option('count')
      const time = given.option('time')
      return readRequest(meter(given), identifier(given), {
        ...(count !== undefined && { count: wholeNumber(count, '--count', 0, 99) }), ...(time !== undefined && { time: momentText(time, '--time', given.now, 'minutes') }),
      })
    },
  },
  {
    name: 'next', protocol: 'dlt645', usage: 'DI --seq N --to ADDRESS', help: 'function 12, the next part of a long answer',
    options: [TO, { name: 'seq', value: 'N', help: 'counts from 1' }],
    make: (given) => followUpRequest(meter(given), identifier(given), wholeNumber(given.need('seq', '1'), '--seq', 1, 255)),
  },
  {
    name: 'address', protocol: 'dlt645', usage: '[--to ADDRESS]', help: 'function 13, ask a meter for its address, point to point', options: [TO],
    make: (given) => (given.option('to') === undefined ? readAddress() : readAddress(meter(given))),
  },
  {
    name: 'time', protocol: 'dlt645', usage: '[T]', help: 'function 08, broadcast the time; now unless said', options: [],
    make: (given) => broadcastTime(momentText(given.words[0] ?? 'now', 'the time', given.now)),
  },
  {
    name: 'freeze', protocol: 'dlt645', usage: '[--at "MM-DD hh:mm"] [--to ADDRESS]', help: 'function 16, freeze: now, or at a time where 99 stands for every one',
    options: [{ ...TO, help: 'one meter; all of them, without an answer, unless said' }, { name: 'at', value: 'TIME', help: 'like "99-99 00:00" for every midnight' }],
    make: (given) => {
      const at = given.option('at')
      const [, month, day, hour, minute] = at === undefined ? [] : /^(\d\d)-(\d\d)[ T](\d\d):(\d\d)$/.exec(at) ?? []
      if (at !== undefined && month === undefined) throw new BuildError(`--at: like "99-99 00:00", not '${at}'`)
      const time = at === undefined ? {} : { month: month!, day: day!, hour: hour!, minute: minute! }
      return given.option('to') === undefined ? freeze(undefined, time) : freeze(meter(given), time)
    },
  },
  {
    name: 'write', protocol: 'dlt645', usage: 'DI VALUE --to ADDRESS', help: 'function 14, write a value in the form of its identifier (JSON for lists)', options: [TO, ...CREDENTIALS],
    make: (given) => {
      const value = given.words[1]
      if (value === undefined) throw new BuildError(`write what? The value in the form that 'explain ${given.words[0] ?? 'DI'}' shows`)
      return writeRequest(meter(given), identifier(given), (/^[[{]/.test(value) ? jsonOf(value, 'value') : value) as string, credentials(given))
    },
  },
  ...RELAY.map(relayRecipe),
]
