import { EncodeError } from '@zhuzhan/codec'
import { localVectors, recorded } from '../vectors/load.js'
import {
  addNodes, broadcast, confirmReport, deleteNodes, initialiseModule, queryNodes, readNode, readNodeConcurrently, routeCommand,
} from './builders.js'
import { decodeLocal, encodeLocal } from './frame.js'
import type { LocalFrame } from './frame.js'

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
const frame = (description: string) => recorded(localVectors, description)
const expectRecorded = (built: LocalFrame, description: string) => expect(hexOf(encodeLocal(built))).toBe(hexOf(frame(description)))
const again = (built: LocalFrame) => decodeLocal(encodeLocal(built))

const scripted = { answerBytes: 0x28, rateAndUnit: 0x32 }

describe('builders give the recorded frames', () => {
  it('pause and restart of the router', () => {
    expectRecorded(routeCommand('pause', { sequence: 99, information: scripted }), 'pause route (12 F2)')
    expectRecorded(routeCommand('restart', { sequence: 0, mode: 'centralised-carrier', information: { route: true, answerBytes: 0xff } }), 'restart route')
  })

  it('the archive', () => {
    expectRecorded(deleteNodes(['123456781012'], { sequence: 1, information: { answerBytes: 0x28 } }), 'delete one slave node')
  })

  it('reads', () => {
    const content = '6812107856341268110433333433E816'
    const address = { source: '000000000001', destination: '123456781012' }
    expectRecorded(readNode({ protocol: 'dlt645-2007', content }, { sequence: 9, address }), 'point read')
    const both = '6804330000000068110433333433E916'
    const node = { source: '049999888888', destination: '000000003304' }
    expectRecorded(readNodeConcurrently({ protocol: 'dlt645-2007', content: both }, { sequence: 0x6b, address: node }), 'concurrent read (F1 F1), 645')
  })

  it('queries of nodes', () => {
    expectRecorded(queryNodes('chips', { start: 1, count: 2 }, { sequence: 102, information: scripted }), 'query chip information')
  })

  it('a broadcast', () => {
    const options = { sequence: 0, mode: 'centralised-carrier', information: { answerBytes: 0x28, rateAndUnit: 0x64 } }
    expectRecorded(broadcast({ protocol: 'dlt645-2007', content: '68AAAAAAAAAAAA68130236334A16' }, options), 'broadcast (05 F3)')
  })
})

describe('builders without a recorded frame', () => {
  it('name the areas, lists and commands by their functions', () => {
    expect((['hardware', 'parameters', 'data'] as const).map((area) => again(initialiseModule(area, { sequence: 1 })).fn[0])).toEqual([1, 2, 3])
    expect((['restart', 'pause', 'resume'] as const).map((command) => again(routeCommand(command, { sequence: 1 })).fn[0])).toEqual([1, 2, 3])
    expect((['topology', 'phases', 'chips'] as const).map((list) => again(queryNodes(list, { start: 1, count: 64 }, { sequence: 1 })).fn[0])).toEqual([21, 31, 112])
  })

  it('add nodes', () => {
    const nodes = [{ address: '123456781012', protocol: 'dlt698.45' }, { address: '000000000002', protocol: 9 }]
    expect(again(addNodes(nodes, { sequence: 3 })).data).toEqual({ nodes })
  })

  it('read through relays', () => {
    const address = { source: '000000000001', relays: ['000000000002', '000000000003'], destination: '000000000004' }
    const built = again(readNode({ protocol: 2, content: '6816', attached: ['000000000005'], delayFlag: 1 }, { sequence: 7, address }))
    expect(built).toMatchObject({ information: { module: true, relayLevel: 2 }, address, data: { protocol: 'dlt645-2007', delayFlag: 1, attached: ['000000000005'], content: '6816' } })
  })

  it('confirm a report, with and without a state', () => {
    const report = decodeLocal(frame('active report'))
    expect(again(confirmReport(report))).toMatchObject({ control: { dir: 0, prm: 0, mode: 'hplc' }, information: { sequence: 3 }, afn: '00', fn: [1] })
    const data = { state: { command: 1, freeChannels: [1, 2, 31] }, wait: 0 }
    expect(again(confirmReport(report, data)).data).toEqual(data)
    expect(hexOf(encodeLocal(confirmReport(report, data)))).toContain('070000800000')
  })

  it('refuse what does not fit', () => {
    const address = { source: '000000000001', destination: '000000000002' }
    const built = readNode({ protocol: 'dlt645-2007', content: '68' }, { sequence: 0, address })
    const { address: _address, ...bare } = built
    for (const wrong of [bare, { ...built, address: { ...address, relays: ['000000000003'] } }, { ...built, data: {} }, { ...built, fn: [] }] as LocalFrame[]) {
      expect(() => encodeLocal(wrong)).toThrow(EncodeError)
    }
    expect(() => encodeLocal(confirmReport(decodeLocal(frame('active report')), { state: { command: 0, freeChannels: [32] }, wait: 0 }))).toThrow(EncodeError)
    expect(() => encodeLocal(readNode({ protocol: 'dlt645-2007', content: '00'.repeat(256) }, { sequence: 0, address }))).toThrow(EncodeError)
    expect(() => encodeLocal(routeCommand('pause', { sequence: 0, mode: 'smoke' }))).toThrow(EncodeError)
  })
})
