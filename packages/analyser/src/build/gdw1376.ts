import {
  commandTerminal, describeFn, encodeLocal, encodeUpward, forwardToMeter, readCurve, readDay, readEvents, readMonth, readNode, readNodeConcurrently, readParameters,
  readPresent, resetTerminal, routeCommand, unitsFor, writeParameter,
} from '@zhuzhan/gdw1376'
import type { LocalFrame, UpwardAddress, UpwardFrame } from '@zhuzhan/gdw1376'
import { detect } from '../frames/detect.js'
import { momentText } from './moments.js'
import { BuildError, hexDigits, jsonOf, twelveDigits, wholeNumber } from './recipe.js'
import type { Given, Recipe, RecipeOption } from './recipe.js'

const UP: readonly RecipeOption[] = [
  { name: 'to', value: 'DISTRICT:TERMINAL', help: 'like 1000:1 (terminal decimal), or 8 hex digits like 10000001' },
  { name: 'pn', value: 'N,…', help: 'measuring points, 0 (the terminal) unless said' },
  { name: 'pseq', value: 'N', help: 'sequence, 0 unless said' }, { name: 'msa', value: 'N', help: 'master station address, 1 unless said' },
]
const DATA: RecipeOption = { name: 'data', value: 'JSON', help: 'members of the function\'s layout, as decode prints them' }

const FUNCTIONS = /^(?:AFN)?([0-9A-F]{2})?F(\d{1,3}(?:,F?\d{1,3})*)$/

/** `0C F25`, `0CF25`, `0C F25,F33`: an AFN and its functions. */
function functionsOf(words: readonly string[], example: string): { afn: number; functions: number[] } {
  const match = FUNCTIONS.exec(words.join('').toUpperCase())
  if (match?.[1] === undefined) throw new BuildError(`which function? An AFN and an Fn, like ${example}, not '${words.join(' ')}'`)
  const functions = match[2]!.split(',').map((fn) => wholeNumber(fn.replace('F', ''), 'Fn', 1, 248))
  return { afn: Number.parseInt(match[1], 16), functions }
}

const isFunction = (words: readonly string[]): boolean => FUNCTIONS.exec(words.join('').toUpperCase())?.[1] !== undefined

function upwardAddress(given: Given): UpwardAddress {
  const text = given.need('to', '1000:1')
  const [, district, terminal] = /^(\d{4})[:-](\d{1,5})$/.exec(text) ?? []
  const msa = wholeNumber(given.option('msa') ?? '1', '--msa', 0, 127)
  if (district !== undefined) return { district, terminal: wholeNumber(terminal!, '--to', 0, 0xffff), group: false, msa }
  const digits = hexDigits(text, '--to (DISTRICT:TERMINAL, like 1000:1)', 4)
  return { district: digits.slice(0, 4), terminal: Number.parseInt(digits.slice(4), 16), group: false, msa }
}

const options = (given: Given) => ({ address: upwardAddress(given), pseq: wholeNumber(given.option('pseq') ?? '0', '--pseq', 0, 15) })
const points = (given: Given): number[] => (given.option('pn') ?? '0').split(',').map((pn) => wholeNumber(pn, '--pn', 0, 2040))

const DENSITIES: Readonly<Record<string, string>> = { 15: '15-minutes', 30: '30-minutes', 60: '60-minutes' }

/** Frozen data: for a day, for a month, or a curve. */
function frozen(given: Given, functions: readonly number[]): UpwardFrame {
  const wanted = { points: points(given), functions }
  const day = given.option('day')
  const month = given.option('month')
  const start = given.option('start')
  if (day !== undefined) return readDay({ ...wanted, frozenDay: momentText(day, '--day', given.now, 'days') }, options(given))
  if (month !== undefined) return readMonth({ ...wanted, frozenMonth: momentText(`${month}-01`, '--month', given.now, 'days').slice(0, 7) }, options(given))
  if (start === undefined) throw new BuildError('frozen data: --day 2026-11-21, --month 2026-10, or --start T --density 15 --count 96 for a curve')
  const density = DENSITIES[given.option('density') ?? '15']
  if (density === undefined) throw new BuildError(`--density: ${Object.keys(DENSITIES).join(', ')} minutes`)
  const curveStart = momentText(start, '--start', given.now, 'minutes').replace('T', ' ')
  return readCurve({ ...wanted, curveStart, density, count: wholeNumber(given.option('count') ?? '96', '--count', 1, 255) }, options(given))
}

function readUpward(given: Given): UpwardFrame {
  const { afn, functions } = functionsOf(given.words, '0C F25')
  for (const fn of functions) if (describeFn('1376.1', afn, fn) === undefined && afn !== 0x0a) throw new BuildError(`no source names ${given.words[0]!} F${fn}; 'explain AFN ${afn.toString(16).padStart(2, '0').toUpperCase()}' lists what there is`)
  switch (afn) {
    case 0x0a: return readParameters({ points: points(given), functions }, options(given))
    case 0x0c: return readPresent({ points: points(given), functions }, options(given))
    case 0x0d: return frozen(given, functions)
    case 0x0e: return readEvents({
      kind: functions[0] === 1 ? 'important' : 'general',
      firstPointer: wholeNumber(given.option('first') ?? '0', '--first', 0, 255), lastPointer: wholeNumber(given.option('last') ?? '1', '--last', 0, 255),
    }, options(given))
    default: throw new BuildError('read is for AFN 0A (parameters), 0C (present), 0D (frozen) and 0E (events); set is for 04, command for 05')
  }
}

/** A function of one AFN with its data. */
function single(given: Given, afn: number): { point: number; fn: number; data?: object } {
  const match = FUNCTIONS.exec(given.words.join('').toUpperCase())
  const said = match?.[1] === undefined ? afn : Number.parseInt(match[1], 16)
  if (match === null || said !== afn) throw new BuildError(`which function of AFN ${afn.toString(16).padStart(2, '0').toUpperCase()}? Like F${afn === 4 ? 10 : 33}`)
  const data = given.option('data')
  return { point: points(given)[0]!, fn: wholeNumber(match[2]!, 'Fn (one)', 1, 248), ...(data !== undefined && { data: jsonOf(data, '--data') as object }) }
}

const LINK = ['login', 'logout', 'heartbeat']

/** Requests of Q/GDW 1376.1. */
export const upwardRecipes: readonly Recipe[] = [
  {
    name: 'read', protocol: 'gdw1376.1', usage: 'AFN Fn[,Fn] --to DISTRICT:TERMINAL --pn 1', help: 'present data 0C, frozen data 0D, events 0E, parameters 0A', suits: isFunction,
    options: [
      ...UP, { name: 'day', value: 'DATE', help: 'frozen data of a day' }, { name: 'month', value: 'YYYY-MM', help: 'frozen data of a month' },
      { name: 'start', value: 'T', help: 'start of a curve' }, { name: 'density', value: 'MIN', help: '15, 30 or 60' }, { name: 'count', value: 'N', help: 'points of the curve, 96 unless said' },
      { name: 'first', value: 'N', help: 'first event pointer' }, { name: 'last', value: 'N', help: 'event pointer behind the last' },
    ],
    make: (given) => encodeUpward(readUpward(given)),
  },
  {
    name: 'set', protocol: 'gdw1376.1', usage: '04 Fn --data JSON --to DISTRICT:TERMINAL', help: 'AFN 04, one parameter', suits: isFunction, options: [...UP, DATA],
    make: (given) => encodeUpward(writeParameter(single(given, 0x04), options(given))),
  },
  {
    name: 'command', protocol: 'gdw1376.1', usage: 'Fn [--data JSON] --to DISTRICT:TERMINAL', help: 'AFN 05, one control command', options: [...UP, DATA],
    make: (given) => encodeUpward(commandTerminal(single(given, 0x05), options(given))),
  },
  {
    name: 'reset', protocol: 'gdw1376.1', usage: 'F1|F2|F3|F4 --to DISTRICT:TERMINAL', help: 'AFN 01', options: UP,
    make: (given) => encodeUpward(resetTerminal(wholeNumber((given.words[0] ?? '').replace(/^f/i, ''), 'F', 1, 4) as 1 | 2 | 3 | 4, options(given))),
  },
  {
    name: 'forward', protocol: 'gdw1376.1', usage: 'HEX --to DISTRICT:TERMINAL', help: 'AFN 10 F1, a frame through to a meter',
    options: [...UP, { name: 'port', value: 'N', help: '31 unless said' }, { name: 'port-control', value: 'HEX', help: 'baud rate and parity, 6B unless said' }],
    make: (given) => encodeUpward(forwardToMeter({
      port: wholeNumber(given.option('port') ?? '31', '--port', 0, 255), portControl: hexDigits(given.option('port-control') ?? '6B', '--port-control', 1),
      frameTimeout: { unit: 1, value: 60 }, byteTimeout: 10, content: hexDigits(given.words.join(''), 'the frame to forward'),
    }, options(given))),
  },
  {
    name: 'link', protocol: 'gdw1376.1', usage: 'login|logout|heartbeat --to DISTRICT:TERMINAL', help: 'AFN 02, as the terminal with this address sends it', options: UP.filter(({ name }) => name !== 'pn' && name !== 'msa'),
    make: (given) => {
      const fn = LINK.indexOf(given.words[0] ?? '') + 1
      if (fn === 0) throw new BuildError(`link ${LINK.join(' or ')}, not '${given.words[0] ?? ''}'`)
      const { address, pseq } = options(given)
      return encodeUpward({
        protocolId: 2, control: { dir: 1, prm: 1, acd: false, fcv: false, function: 9 }, address: { ...address, msa: 0 }, afn: '02',
        seq: { tpv: false, fir: true, fin: true, con: true, rseq: pseq }, units: [...unitsFor([0], [fn])],
      })
    },
  },
]

const DOWN: readonly RecipeOption[] = [
  { name: 'sequence', value: 'N', help: '0 unless said' }, { name: 'mode', value: 'MODE', help: 'hplc unless said' },
]

const localOptions = (given: Given) => ({ sequence: wholeNumber(given.option('sequence') ?? '0', '--sequence', 0, 255), ...(given.option('mode') !== undefined && { mode: given.option('mode')! }) })

/** Any function of the local module, with its data as they are said. */
function local(given: Given): LocalFrame {
  const { afn, functions } = functionsOf(given.words, '10 F21')
  const range = { ...(given.option('start') !== undefined && { start: wholeNumber(given.option('start')!, '--start', 0, 0xffff) }), ...(given.option('count') !== undefined && { count: wholeNumber(given.option('count')!, '--count', 0, 255) }) }
  const data = given.option('data') === undefined ? range : jsonOf(given.option('data')!, '--data') as object
  const { sequence, mode = 'hplc' } = localOptions(given)
  return {
    ...routeCommand('restart', { sequence, mode }), afn: afn.toString(16).toUpperCase().padStart(2, '0'), fn: functions, ...(Object.keys(data).length > 0 && { data: { ...data } }),
  } as LocalFrame
}

const ROUTE = ['restart', 'pause', 'resume'] as const

/** Requests of Q/GDW 1376.2. */
export const localRecipes: readonly Recipe[] = [
  {
    name: 'read', protocol: 'gdw1376.2', usage: 'AFN Fn [--start 1 --count 10]', help: 'any query or command of the local module', suits: () => false,
    options: [...DOWN, { name: 'start', value: 'N', help: 'first number, where the function lists nodes' }, { name: 'count', value: 'N', help: 'how many' }, DATA],
    make: (given) => encodeLocal(local(given)),
  },
  {
    name: 'route', protocol: 'gdw1376.2', usage: 'restart|pause|resume', help: 'AFN 12', options: DOWN,
    make: (given) => {
      const command = ROUTE.find((one) => one === given.words[0])
      if (command === undefined) throw new BuildError(`route ${ROUTE.join(' or ')}, not '${given.words[0] ?? ''}'`)
      return encodeLocal(routeCommand(command, localOptions(given)))
    },
  },
  {
    name: 'forward', protocol: 'gdw1376.2', usage: 'HEX --to METER --from CCO', help: '13 F1, or F1 F1 with --concurrent: a frame through to a node',
    options: [...DOWN, { name: 'to', value: 'METER', help: 'the node' }, { name: 'from', value: 'CCO', help: 'the master node' }, { name: 'concurrent', help: 'F1 F1 in place of 13 F1' }],
    make: (given) => {
      const content = hexDigits(given.words.join(''), 'the frame to forward')
      const inner = detect(Buffer.from(content, 'hex'))?.protocol
      const protocol = inner === 'dlt698' ? 'dlt698' : inner === 'dlt645' ? 'dlt645-2007' : 'transparent'
      const address = { source: twelveDigits(given.need('from', '000000000001'), '--from'), destination: twelveDigits(given.need('to', '123456781012')) }
      return encodeLocal((given.has('concurrent') ? readNodeConcurrently : readNode)({ protocol, content }, { ...localOptions(given), address }))
    },
  },
]
