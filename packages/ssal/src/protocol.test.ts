import { DecodeError, EncodeError, Tracer, crc16 } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import fc from 'fast-check'
import { SETTINGS, decodeFrame, encodeFrame, ssal } from './index.js'
import type { SsalFrame } from './index.js'
import { anyFrame, frameWith, informationBody, materialBodies } from './vectors/arbitraries.js'

/** Through real JSON text, as the command line does it. */
const again = (json: object) => ssal.fromJson(JSON.parse(JSON.stringify(json)) as object)

describe('a frame', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(anyFrame, (frame) => {
      const { da } = frame.control
      expect(decodeFrame(encodeFrame(frame), { settings: da && { terminalLength: da.terminalLength } })).toEqual(frame)
    }), { numRuns: 1000 })
  })

  it('tells the reading of the DA length from its checksum, and from usual endpoints where both readings end at the same byte', () => {
    for (const terminalLength of ['minus-one', 'length'] as const) {
      for (let low = 0; low < 256; low++) {
        const frame: SsalFrame = { sequence: 1, control: { da: { terminal: '000000000001', master: '', terminalLength }, sa: { ip: `10.0.0.${low}`, port: 9500 } } }
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
      }
    }
  })

  it('comes back byte by byte through JSON, whatever the settings are', () => {
    const settings = fc.record(Object.fromEntries(SETTINGS.map(({ name, readings }) => [name, fc.constantFrom(...Object.keys(readings), 'no such reading')])), { requiredKeys: [] })
    fc.assert(fc.property(anyFrame, settings, (frame, chosen) => {
      const bytes = encodeFrame(frame)
      try {
        expect(again(ssal.toJson(bytes, { settings: chosen }))).toEqual(bytes)
      } catch (error) {
        // A setting that says the other reading of a length refuses the frame.
        if (!(error instanceof DecodeError)) throw error
        expect(['terminalLength', 'ludLength'].some((name) => chosen[name] !== undefined && chosen[name] !== 'auto')).toBe(true)
      }
    }), { numRuns: 2000 })
  })

  it('is refused with one DecodeError, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), fc.boolean(), (bytes, start, sealed) => {
      const given = Buffer.from(start ? [0x98, bytes.length - 1, 0, ...bytes, 0x16] : bytes)
      // With checksums that hold, so that the reader gets as far as it can.
      if (start && sealed && given.length > 12) {
        given.writeUInt16LE(crc16(given, 1, 7), 7)
        given.writeUInt16LE(crc16(given, 1, given.length - 3), given.length - 3)
      }
      try {
        expect(again(ssal.toJson(given))).toEqual(given)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }), { numRuns: 3000 })
  })
})

describe('a body', () => {
  it.each<[string, string, 0 | 1, 0 | 1, fc.Arbitrary<object>, string]>([
    ['information', 'terminal-information', 1, 0, informationBody, 'information'],
    ['M1 and S1', 'session-negotiation', 0, 1, materialBodies.down, 'negotiation'],
    ['M2 and S2', 'session-negotiation', 1, 0, materialBodies.up, 'negotiation'],
    ['certificate, M3 and S3 of type 10', 'session-application', 1, 1, materialBodies.application, 'session'],
    ['certificate, M3 and S3 of type 11', 'session-confirm', 0, 1, materialBodies.confirm, 'session'],
  ])('%s is found without a setting', (_, type, dir, prm, body, member) => {
    fc.assert(fc.property(frameWith(type, dir, prm, body.map((members) => ({ [member]: members }))), (json) => {
      expect(ssal.toJson(ssal.fromJson(json))).toEqual(json)
    }), { numRuns: 300 })
  })

  const negotiation = (data: string) => ssal.fromJson({ sequence: 1, control: { fc: { dir: 0, prm: 1, subFrame: true, negotiate: false, type: 'session-negotiation' } }, lud: { data } })

  it('that does not fit its layout is hex, with the place and what was expected', () => {
    expect(ssal.toJson(negotiation('0500AABB'))).toMatchObject({ lud: { data: '0500AABB', bodyError: { offset: 14, expected: '5 more bytes' } } })
    expect(again(ssal.toJson(negotiation('0500AABB')))).toEqual(negotiation('0500AABB'))
  })

  it('may be told to use one reading only', () => {
    const bytes = negotiation('0001AA0001BB')
    expect(ssal.toJson(bytes)).toMatchObject({ lud: { negotiation: { materialLength: 'u16be', m1: 'AA', s1: 'BB' } } })
    expect(ssal.toJson(bytes, { settings: { materialLength: 'u16le' } })).toMatchObject({ lud: { data: '0001AA0001BB' } })
    expect(ssal.toJson(bytes, { settings: { subFrame: 'sub-packet' } })).toMatchObject({ lud: { subPacket: { total: 256, index: 170 }, data: '01BB' } })
    expect(again(ssal.toJson(bytes, { settings: { subFrame: 'sub-packet' } }))).toEqual(bytes)
  })
})

describe('a setting', () => {
  it('chooses the order of SEQ, and encoding needs no setting for it', () => {
    const bytes = encodeFrame({ sequence: 1, control: {} })
    const json = ssal.toJson(bytes, { settings: { sequenceOrder: 'big' } })
    expect(json).toEqual({ sequence: 256, sequenceOrder: 'big', control: {} })
    expect(again(json)).toEqual(bytes)
  })

  it('has its default among its readings', () => {
    for (const setting of SETTINGS) expect(Object.keys(setting.readings)).toContain(setting.default)
  })
})

describe('spans', () => {
  const bytes = ssal.fromJson({
    sequence: 7, control: { fc: { dir: 0, prm: 1, subFrame: false, negotiate: true, type: 'session-negotiation' }, sv: { cipher: 'plain', version: '1.0' } },
    lud: { negotiation: { materialLength: 'u16le', m1: 'A1A1', s1: '51' } },
  })
  const flat = (span: Span): unknown[] => [span.name, span.from, span.to, ...span.children.map(flat)]

  it('cover the frame', () => {
    const trace = new Tracer('ssal')
    ssal.toJson(bytes, { trace })
    expect(trace.root.children.map(flat)).toEqual([
      ['start', 0, 1], ['length', 1, 3], ['sequence', 3, 5], ['controlWord', 5, 7],
      ['fc', 7, 8, ['dir', 7, 8], ['prm', 7, 8], ['subFrame', 7, 8], ['negotiate', 7, 8], ['type', 7, 8]],
      ['sv', 8, 10, ['mode', 8, 9, ['reserved', 8, 9], ['cipher', 8, 9]], ['version', 9, 10]], ['hcs', 10, 12],
      ['lud', 12, 21, ['length', 12, 14], ['content', 14, 21, ['m1', 14, 18], ['s1', 18, 21]]], ['fcs', 21, 23], ['end', 23, 24],
    ])
  })

  it('cover addresses', () => {
    const trace = new Tracer('ssal')
    const given = { sequence: 1, control: { da: { terminal: '000000000001', master: '01', terminalLength: 'minus-one' }, sa: { ip: '10.0.0.1', port: 9500 }, ci: { channel: 'public-radio', data: 'AB' }, ga: '10.0.0.2' } }
    ssal.toJson(ssal.fromJson(given), { trace })
    expect(trace.root.children.slice(4, -2).map(flat)).toEqual([
      ['da', 7, 15, ['lengths', 7, 8], ['terminal', 8, 14], ['master', 14, 15]],
      ['sa', 15, 22, ['lengths', 15, 16], ['ip', 16, 20], ['port', 20, 22]],
      ['ci', 22, 24, ['channel', 22, 23], ['length', 22, 23]], ['ga', 24, 29], ['hcs', 29, 31],
    ])
  })

  it('stop where reading stopped', () => {
    const trace = new Tracer('ssal')
    expect(() => ssal.toJson(Buffer.concat([bytes.subarray(0, 21), Buffer.from('000016', 'hex')]), { trace })).toThrow('at byte 21: expected the FCS')
    expect(trace.root.children.map((span) => span.name)).toEqual(['start', 'length', 'sequence', 'controlWord', 'fc', 'sv', 'hcs', 'lud'])
  })

  it('that were open end there', () => {
    const trace = new Tracer('ssal')
    const short = Buffer.from('98090001000010 0A 0000 16'.replaceAll(' ', ''), 'hex')
    expect(() => ssal.toJson(Buffer.concat([short, Buffer.alloc(2)]), { trace })).toThrow('expected 11 more bytes')
    expect(flat(trace.root.children.at(-1)!)).toEqual(['da', 7, 8, ['lengths', 7, 8]])
  })

  it('have words', () => {
    const span = (name: string, value: unknown): Span => ({ name, from: 0, to: 0, value, children: [] })
    const words = (name: string, value: unknown) => ssal.describe!(span(name, value), [])?.en
    expect([words('returnCode', '1003'), words('type', 'session-negotiation'), words('controlWord', 'C000'), words('sequence', 0xffff), words('device', 30), words('m1', 'A1')])
      .toEqual(['terminal MAC check failed', 'session negotiation', 'FC SV', 'the gateway itself began', undefined, undefined])
  })
})

it.each<[string, object]>([
  ['nothing', {}],
  ['no control', { sequence: 1 }],
  ['a sequence too large', { sequence: 65536, control: {} }],
  ['an unknown word', { sequence: 1, control: { fc: { dir: 0, prm: 1, subFrame: false, negotiate: false, type: 'no such type' } } }],
  ['an address that is none', { sequence: 1, control: { ga: '1.2.3.256' } }],
  ['a terminal address too long', { sequence: 1, control: { da: { terminal: '00'.repeat(17), master: '', terminalLength: 'minus-one' } } }],
  ['an empty terminal address under minus 1', { sequence: 1, control: { da: { terminal: '', master: '', terminalLength: 'minus-one' } } }],
  ['no return code in an answer', { sequence: 1, control: { fc: { dir: 0, prm: 0, subFrame: false, negotiate: false, type: 0 } }, lud: { data: '' } }],
  ['a return code in no answer', { sequence: 1, control: {}, lud: { returnCode: '0000', data: '' } }],
  ['no hex', { sequence: 1, control: {}, lud: { data: '0' } }],
  ['no content', { sequence: 1, control: {}, lud: {} }],
  ['a length form that is none', { sequence: 1, control: {}, lud: { session: { materialLength: 'u32', m3: '', s3: '' } } }],
  ['more than L can say', { sequence: 1, control: {}, lud: { data: '00'.repeat(65_530) } }],
])('does not encode %s', (_, json) => {
  expect(() => ssal.fromJson(json)).toThrow(EncodeError)
})
