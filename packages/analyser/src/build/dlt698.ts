import { CONTROL, dlt698, tsaOf } from '@zhuzhan/dlt698'
import { dataOf, piidOf } from './data-698.js'
import { intervalOf, momentOf, momentWithWeekday } from './moments.js'
import { BuildError, hexDigits, jsonOf, twelveDigits, wholeNumber } from './recipe.js'
import type { Given, Recipe, RecipeOption } from './recipe.js'

const TO: RecipeOption = { name: 'to', value: 'ADDRESS', help: 'server address, up to 12 digits; AAAAAAAAAAAA asks whoever is there' }
const COMMON: readonly RecipeOption[] = [
  TO,
  { name: 'client', value: 'N', help: 'client address CA, 0 unless said' },
  { name: 'logical', value: 'N', help: 'logical address, 0 unless said' },
  { name: 'piid', value: 'N', help: 'service number, 1 unless said' },
]

const isOad = (word: string | undefined): boolean => word !== undefined && /^(0x)?[0-9a-f]{8}$/i.test(word)

function frame(given: Given, control: object, apdu: object): Buffer {
  const server = given.need('to', '000000000001').toUpperCase()
  const wildcard = /^[0-9A]*A[0-9A]*$/.test(server)
  const address = {
    type: wildcard ? 'wildcard' : 'single',
    logical: wholeNumber(given.option('logical') ?? '0', '--logical', 0, 3),
    server: wildcard ? hexDigits(server, '--to', 6) : twelveDigits(server),
    client: wholeNumber(given.option('client') ?? '0', '--client', 0, 255),
  }
  return dlt698.fromJson({ control, address, apdu })
}

function request(given: Given, apdu: object): Buffer {
  return frame(given, CONTROL.clientRequest, { ...apdu, piid: piidOf(given.option('piid')) })
}

/** OADs of one word or several, in any of the ways people separate them. */
function oadsOf(words: readonly string[], example: string): string[] {
  const oads = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  if (oads.length === 0) throw new BuildError(`which attribute? An OAD of 8 hex digits, like ${example}`)
  return oads.map((oad) => {
    if (!isOad(oad)) throw new BuildError(`'${oad}' is no OAD: 8 hex digits, like ${example}. 'explain WORDS' finds one by its name`)
    return hexDigits(oad, 'OAD', 4)
  })
}

/** `20210200,00100200,50040200:00100200+00200200`: attributes, and objects with attributes under them. */
function columnsOf(text: string): object[] {
  return text.split(',').map((column) => {
    const [oad, related] = column.split(':')
    const [own] = oadsOf([oad!], '00100200')
    return related === undefined ? { oad: own } : { oad: own, related: oadsOf(related.split('+'), '00100200') }
  })
}

/** Which rows. Reference dlt698-45.md §3.2. */
function selectorOf(given: Given): object {
  const meters = given.option('meters')?.split(',').map((address) => tsaOf(twelveDigits(address, '--meters')))
  const ms = meters === undefined ? { choice: 1 } : { choice: 3, items: meters }
  const nth = given.option('nth')
  if (nth !== undefined) return { selector: 9, n: wholeNumber(nth, '--nth', 0, 255) }
  const last = given.option('last')
  if (last !== undefined) return { selector: 10, n: wholeNumber(last, '--last', 0, 255), ms }
  const from = given.option('from')
  if (from === undefined) return given.has('all') ? { selector: 0 } : missingRows()
  const until = momentOf(given.need('until', '2026-11-23'), '--until', given.now)
  const interval = given.option('interval')
  return {
    selector: 2, oad: hexDigits(given.option('by') ?? '20210200', '--by', 4),
    from: { type: 'date-time-s', value: momentOf(from, '--from', given.now) }, to: { type: 'date-time-s', value: until },
    interval: interval === undefined ? { type: 'null' } : { type: 'ti', value: intervalOf(interval, '--interval') },
  }
}

function missingRows(): never {
  throw new BuildError('which rows? --last N, --nth N, --from T --until T [--interval 15min], or --all')
}

function parameter(given: Given, position: number): object {
  return dataOf(given.words[position] ?? 'null', given.now)
}

const LINK_KINDS = ['login', 'heartbeat', 'logout']

/** Requests of DL/T 698.45. */
export const dlt698Recipes: readonly Recipe[] = [
  {
    name: 'read', protocol: 'dlt698', usage: 'OAD[,OAD…] --to ADDRESS', help: 'GET one or several attributes', options: COMMON, suits: (words) => isOad(words[0]?.split(',')[0]),
    make: (given) => {
      const oads = oadsOf(given.words, '20000200')
      return request(given, oads.length === 1 ? { apdu: 'get-request', choice: 'normal', oad: oads[0] } : { apdu: 'get-request', choice: 'normal-list', oads })
    },
  },
  {
    name: 'read-record', protocol: 'dlt698', usage: 'OAD --columns OAD,OAD --last N --to ADDRESS', help: 'GET rows of a record table: freezes, events, tasks',
    options: [
      ...COMMON,
      { name: 'columns', value: 'OAD,…', help: 'what a row holds; OAD:OAD+OAD for attributes under an object' },
      { name: 'last', value: 'N', help: 'the N most recent rows' }, { name: 'nth', value: 'N', help: 'the N-th most recent row' },
      { name: 'from', value: 'T', help: 'rows from this moment on' }, { name: 'until', value: 'T', help: 'up to this moment, itself excluded' },
      { name: 'interval', value: '15min', help: 'one row an interval' }, { name: 'by', value: 'OAD', help: 'the column that --from and --until mean; 20210200 freeze time unless said' },
      { name: 'meters', value: 'ADDRESS,…', help: 'only these meters, with --last' }, { name: 'all', help: 'no restriction' },
    ],
    make: (given) => {
      const [oad] = oadsOf(given.words.slice(0, 1), '50040200')
      return request(given, { apdu: 'get-request', choice: 'record', record: { oad, rsd: selectorOf(given), rcsd: columnsOf(given.need('columns', '20210200,00100200')) } })
    },
  },
  {
    name: 'set', protocol: 'dlt698', usage: 'OAD VALUE --to ADDRESS', help: 'SET an attribute: set 40000200 date-time-s:now', options: COMMON, suits: (words) => isOad(words[0]),
    make: (given) => {
      const [oad] = oadsOf(given.words.slice(0, 1), '40000200')
      const value = given.words[1]
      if (value === undefined) throw new BuildError(`set ${oad!} to what? A value like date-time-s:now or unsigned:15`)
      return request(given, { apdu: 'set-request', choice: 'normal', oad, data: dataOf(value, given.now, oad) })
    },
  },
  {
    name: 'action', protocol: 'dlt698', usage: 'OMD [PARAMETER] --to ADDRESS', help: 'ACTION of a method, its parameter null unless said', options: COMMON,
    make: (given) => {
      const [omd] = oadsOf(given.words.slice(0, 1), '80018000')
      return request(given, { apdu: 'action-request', choice: 'normal', omd, parameter: parameter(given, 1) })
    },
  },
  {
    name: 'trip', protocol: 'dlt698', usage: '--relay OAD --to ADDRESS', help: 'ACTION 80008100, open a relay (plain; devices with security refuse it)',
    options: [
      ...COMMON, { name: 'relay', value: 'OAD', help: 'the output, like F2050201' },
      { name: 'alarm', value: 'MIN', help: 'minutes of alarm before, 0 unless said' }, { name: 'limit', value: 'MIN', help: 'minutes it stays open, 0 until it is closed' },
    ],
    make: (given) => {
      const items = [
        { type: 'oad', oad: hexDigits(given.need('relay', 'F2050201'), '--relay', 4) },
        { type: 'unsigned', value: wholeNumber(given.option('alarm') ?? '0', '--alarm', 0, 255) },
        { type: 'long-unsigned', value: wholeNumber(given.option('limit') ?? '0', '--limit', 0, 0xffff) },
        { type: 'bool', value: false },
      ]
      return request(given, { apdu: 'action-request', choice: 'normal', omd: '80008100', parameter: { type: 'array', items: [{ type: 'structure', items }] } })
    },
  },
  {
    name: 'proxy', protocol: 'dlt698', usage: 'OAD[,OAD…] --meter ADDRESS --to TERMINAL', help: 'PROXY GET: a terminal reads a meter behind it',
    options: [...COMMON, { name: 'meter', value: 'ADDRESS', help: 'the meter' }, { name: 'timeout', value: 'S', help: 'seconds in all, 60 unless said' }],
    make: (given) => request(given, {
      apdu: 'proxy-request', choice: 'get-list', timeout: wholeNumber(given.option('timeout') ?? '60', '--timeout', 0, 0xffff),
      targets: [{ tsa: tsaOf(twelveDigits(given.need('meter', '222222222222'), '--meter')), timeout: 0, oads: oadsOf(given.words, '00100200') }],
    }),
  },
  {
    name: 'forward', protocol: 'dlt698', usage: 'HEX --port OAD --to TERMINAL', help: 'PROXY trans-command: a frame through to a meter, as it is',
    options: [...COMMON, { name: 'port', value: 'OAD', help: 'the port, F2010201 unless said' }, { name: 'comdcb', value: 'JSON', help: 'line settings; 9600 8E1 unless said' }],
    make: (given) => request(given, {
      apdu: 'proxy-request', choice: 'trans-command', oad: hexDigits(given.option('port') ?? 'F2010201', '--port', 4),
      comdcb: given.option('comdcb') === undefined ? { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 } : jsonOf(given.option('comdcb')!, '--comdcb'),
      frameTimeout: 10, byteTimeout: 100, command: hexDigits(given.words.join(''), 'the frame to forward'),
    }),
  },
  {
    name: 'link', protocol: 'dlt698', usage: 'login|heartbeat|logout --to ADDRESS', help: 'LINK-Request, as the terminal with this address sends it',
    options: [TO, { name: 'heartbeat', value: 'S', help: 'seconds between heartbeats, 300 unless said' }, { name: 'time', value: 'T', help: 'now unless said' }, { name: 'piid', value: 'N', help: '0 unless said' }],
    make: (given) => {
      const [kind = ''] = given.words
      if (!LINK_KINDS.includes(kind)) throw new BuildError(`link ${LINK_KINDS.join(' or ')}, not '${kind}'`)
      return frame(given, CONTROL.serverLink, {
        apdu: 'link-request', piid: piidOf(given.option('piid') ?? '0'), kind,
        heartbeatSeconds: wholeNumber(given.option('heartbeat') ?? '300', '--heartbeat', 0, 0xffff), time: momentWithWeekday(given.option('time') ?? 'now', '--time', given.now),
      })
    },
  },
]
