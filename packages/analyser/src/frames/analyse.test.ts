import { EncodeError } from '@zhuzhan/codec'
import fc from 'fast-check'
import { PROTOCOL_NAMES, analyse, analyseAll, compose, detect, parseSettings, protocolOf } from '../index.js'
import type { Analysis, Decoded, Inside } from '../index.js'
import { recordedFrame, recordedFrames } from '../vectors/load.js'

const bytesOf = (hex: string) => Buffer.from(hex, 'hex')
const insideOf = (analysis: Analysis) => (analysis as Decoded & { frame: { inside?: Inside[] } }).frame.inside ?? []
/** Through real JSON text, as the command line does it. */
const again = (analysis: Analysis) => compose(JSON.parse(JSON.stringify(analysis))).toString('hex').toUpperCase()

const READ_645 = '6812107856341268110433333433E816'
const GET_698 = '68170043050100000000001026F60501002000020000E5BE16'

describe('recorded frames of all protocols', () => {
  it('are there', () => {
    expect(new Set(recordedFrames.map(({ protocol }) => protocol))).toEqual(new Set(PROTOCOL_NAMES))
  })

  it.each(recordedFrames.map((frame, i) => [`${frame.protocol} ${i}`, frame] as const))('%s: found, decoded as one frame, encoded byte by byte', (_, { hex, protocol }) => {
    expect(detect(bytesOf(hex))?.protocol).toBe(protocol)
    const all = analyseAll(hex)
    expect(all).toHaveLength(1)
    expect(all[0]).toMatchObject({ ok: true, protocol })
    expect(again(all[0]!)).toBe(hex)
  })
})

describe('frames in frames', () => {
  it('of a meter through a 1376.1 terminal', () => {
    const analysis = analyse(recordedFrame('transparent forward: relay trip').hex)
    expect(insideOf(analysis)).toMatchObject([{ member: 'units.0.contents.0.content', protocol: 'dlt645', frame: { message: { command: 'trip' } } }])
  })

  it('through the local module, several in one member', () => {
    const analysis = analyse(recordedFrame('concurrent read (F1 F1) with two 645 frames').hex)
    expect(insideOf(analysis)).toMatchObject([
      { member: 'data.content', protocol: 'dlt645', frame: { message: { di: '04000101' } } }, { member: 'data.content', protocol: 'dlt645', frame: { message: { di: '04000102' } } },
    ])
  })

  it('through a proxy command, wake-up bytes before it', () => {
    const analysis = analyse(recordedFrame('PROXY-Response choice 7').hex)
    expect(insideOf(analysis)).toMatchObject([{ member: 'apdu.reply', protocol: 'dlt698', frame: { apdu: { apdu: 'get-response' } } }])
  })

  it('in the link to the gateway, down to the meter', () => {
    const proxy = recordedFrame('carries inner bytes are not a 698.45 frame').hex
    const wrapped = compose({
      protocol: 'ssal', frame: { sequence: 1, control: { fc: { dir: 0, prm: 1, subFrame: false, negotiate: false, type: 'application' } }, lud: { data: proxy } },
    })
    const [outer] = insideOf(analyse(wrapped))
    expect(outer).toMatchObject({ member: 'lud.data', protocol: 'dlt698' })
    expect(insideOf({ ok: true, ...outer } as unknown as Analysis)).toMatchObject([{ member: 'apdu.command', protocol: 'gdw1376.2' }])
  })

  it('that are broken say why, and encoding ignores them', () => {
    const broken = `${READ_645.slice(0, -4)}E916`
    const wrapped = compose({ protocol: 'ssal', frame: { sequence: 1, control: {}, lud: { data: broken } } })
    const analysis = analyse(wrapped)
    expect(insideOf(analysis)).toMatchObject([{ member: 'lud.data', protocol: 'dlt645', error: { offset: 14 } }])
    expect(again(analysis)).toBe(wrapped.toString('hex').toUpperCase())
    ;(analysis as Decoded & { frame: { inside: unknown } }).frame.inside = 'changed'
    expect(again(analysis)).toBe(wrapped.toString('hex').toUpperCase())
  })

  it('are opened to a bounded depth', () => {
    let bytes: Buffer = bytesOf(READ_645)
    for (let i = 0; i < 20; i++) bytes = compose({ protocol: 'ssal', frame: { sequence: i, control: {}, lud: { data: bytes.toString('hex').toUpperCase() } } })
    let depth = 0
    for (let inside = insideOf(analyse(bytes)); inside.length > 0; depth++) inside = insideOf({ ok: true, ...inside[0] } as unknown as Analysis)
    expect(depth).toBe(6)
  })
})

describe('what is no frame', () => {
  it.each<[string, string, object]>([
    ['nothing', '', { offset: 0, expected: 'a frame' }],
    ['no hex', 'xyz', { offset: 0, message: 'not hexadecimal bytes' }],
    ['half a byte', '681', { offset: 0, message: 'not hexadecimal bytes' }],
    ['another start', 'FEFE0102', { offset: 2, expected: '68 or 98, the start of a frame' }],
    ['a wrong HCS', GET_698.replace('26F6', '26F7'), { offset: 12, expected: 'the HCS' }],
    ['a wrong sum', READ_645.replace('E816', 'E916'), { offset: 14 }],
    ['a 1376.1 frame with a wrong sum', '6832003200684B00100100020C6001010103D116', { offset: 18 }],
    ['an SSAL frame cut off', '980F00010000E0', { offset: 1, expected: 'L = 3' }],
  ])('%s', (_, hex, error) => {
    expect(analyse(hex)).toMatchObject({ ok: false, error: { code: 'FRAME_INVALID', ...error } })
  })

  it('never throws, whatever the bytes and the protocol are', () => {
    const start = fc.constantFrom([0x68], [0x98], [0xfe, 0x68], [])
    fc.assert(fc.property(start, fc.uint8Array({ maxLength: 60 }), fc.constantFrom('auto' as const, ...PROTOCOL_NAMES), (begin, bytes, protocol) => {
      for (const analysis of analyseAll(Buffer.from([...begin, ...bytes]), { protocol })) if (!analysis.ok) expect(analysis.error.offset).toBeLessThanOrEqual(begin.length + bytes.length)
    }), { numRuns: 1000 })
  })

  it('is a frame with a changed byte: one error, whatever stands inside', () => {
    fc.assert(fc.property(fc.constantFrom(...recordedFrames), fc.nat(), fc.integer({ min: 1, max: 255 }), ({ hex }, at, by) => {
      const bytes = bytesOf(hex)
      const where = at % bytes.length
      bytes[where]! ^= by
      const all = analyseAll(bytes)
      // A start that is none any more leaves bytes before the first frame, an end that is none bytes behind the last.
      if (where > 0 && where < bytes.length - 1) expect(all).toHaveLength(1)
      for (const one of all) if (one.ok) expect(bytes.includes(bytesOf(again(one)))).toBe(true)
    }), { numRuns: 2000 })
  })
})

describe('several frames', () => {
  it('in a row, wake-up bytes between', () => {
    expect(analyseAll(`FEFE${READ_645}FEFEFE${GET_698}${READ_645}`)).toMatchObject([{ ok: true, protocol: 'dlt645' }, { ok: true, protocol: 'dlt698' }, { ok: true, protocol: 'dlt645' }])
  })

  it('with rubbish between: it is told, with its place', () => {
    expect(analyseAll(`${READ_645}0102${GET_698}`)).toMatchObject([{ ok: true }, { ok: false, error: { offset: 16, message: 'at byte 16: expected 68 or 98, the start of a frame' } }, { ok: true }])
  })

  it('one of them broken: its error counts from the first byte given', () => {
    expect(analyseAll(`${READ_645}${GET_698.replace('E5BE', 'E5BF')}${READ_645}`)).toMatchObject([{ ok: true }, { ok: false, protocol: 'dlt698', error: { offset: 16 + 22, expected: 'the FCS' } }, { ok: true }])
  })

  it('of one protocol only, when it is named', () => {
    expect(analyseAll(`${READ_645}${READ_645}`, { protocol: 'dlt645' })).toMatchObject([{ ok: true }, { ok: true }])
    expect(analyseAll(`${READ_645}${READ_645}`, { protocol: 'ssal' })).toMatchObject([{ ok: false, protocol: 'ssal', error: { offset: 0 } }])
  })
})

describe('settings', () => {
  it('are handed to the protocol that knows them', () => {
    const bytes = protocolOf('ssal').fromJson({ sequence: 1, control: {}, lud: { data: '' } })
    expect(analyse(bytes, { settings: parseSettings(['sequenceOrder=big']) })).toMatchObject({ frame: { sequence: 256 } })
    expect(analyse(bytes, { settings: parseSettings(['ssal.sequenceOrder=big']) })).toMatchObject({ frame: { sequence: 256 } })
    expect(analyse(bytes, { settings: { 'dlt698.sequenceOrder': 'big' } })).toMatchObject({ frame: { sequence: 1 } })
  })

  it.each([['sequenceorder=big', /no setting sequenceorder; there are .*sequenceOrder/], ['sequenceOrder=other', /little or big, not 'other'/], ['sequenceOrder', /name=value/]])('%s is refused with what there is', (pair, message) => {
    expect(() => parseSettings([pair])).toThrow(message)
  })

  it('of every protocol have their default among their readings', () => {
    for (const name of PROTOCOL_NAMES) for (const setting of protocolOf(name).settings ?? []) expect(Object.keys(setting.readings)).toContain(setting.default)
  })
})

it.each<[string, unknown]>([
  ['null', null], ['a text', 'x'], ['a list', []], ['a line that says why there is none', { ok: false, error: {} }], ['an unknown protocol', { protocol: 'x', frame: {} }], ['no frame', { protocol: 'dlt645', frame: null }],
  ['an empty frame', { protocol: 'dlt645', frame: {} }],
])('does not compose %s', (_, json) => {
  expect(() => compose(json)).toThrow(EncodeError)
})

it('composes a frame alone as one of 698.45', () => {
  const analysis = analyse(GET_698) as Decoded
  expect(compose(analysis.frame).toString('hex').toUpperCase()).toBe(GET_698)
})
