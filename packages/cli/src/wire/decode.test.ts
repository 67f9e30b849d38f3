import { createDecoder } from './decode.js'
import type { DecodeOptions } from './decode.js'
import { ethernet, internet4, pcap } from '../capture/made-captures.js'

const GET = '68170043050100000000001026F60501002000020000E5BE16'
const READ = '6812107856341268110433333433E816'

function decode(input: string | Buffer, options: Partial<DecodeOptions> = {}) {
  let written = ''
  let failures = 0
  const said: string[] = []
  const decoder = createDecoder({ pretty: false, language: 'en', ...options }, { write: (text) => { written += text }, onFailure: () => { failures++ }, say: (text) => said.push(text) })
  decoder.push(Buffer.from(input as string))
  decoder.end()
  return { written, lines: written.split('\n').filter(Boolean).map((line) => options.pretty ? line : JSON.parse(line) as Record<string, unknown>), failures, said }
}

it('keeps the shape of its lines', () => {
  const { written } = decode(`${GET}\n${GET.replace('E5BE', 'E5BF')}\nxyz\n`)
  expect(written).toBe(`{"ok":true,"protocol":"dlt698","frame":{"control":{"dir":0,"prm":1,"segmented":false,"scrambled":false,"fn":3},"address":{"type":"single","logical":0,"server":"000000000001","client":16},"apdu":{"apdu":"get-request","choice":"normal","piid":{"priority":false,"acd":false,"number":0},"oad":"20000200"}}}
{"ok":false,"error":{"code":"FRAME_INVALID","offset":22,"message":"at byte 22: expected the FCS"}}
{"ok":false,"error":{"code":"FRAME_INVALID","offset":0,"message":"not hexadecimal bytes"}}
`)
})

it('gives one line a frame, however many stand in a line of the input', () => {
  const { lines, failures } = decode(`${GET}${READ}\n# a remark\n\n2026-11-22 16:05:09 rx 16 ${READ} ${GET}`)
  expect(lines.map((line) => line['protocol' as never])).toEqual(['dlt698', 'dlt645', 'dlt645', 'dlt698'])
  expect(failures).toBe(0)
})

it('counts what did not decode', () => {
  expect(decode(`${GET}\n68\n${READ}00`).failures).toBe(2)
  expect(decode(GET, { protocol: 'dlt645' }).failures).toBe(1)
})

it('takes less than four bytes of input', () => {
  expect(decode('').lines).toEqual([])
  expect(decode('68').lines).toMatchObject([{ ok: false }])
})

it('prints trees', () => {
  const { written, failures } = decode(`${GET}${READ}\n${READ.replace('E816', 'E916')}\n`, { pretty: true, language: 'zh' })
  expect(written.match(/^(?:DL\/T 698.45|DL\/T 645-2007), \d+字节.*$/gm)).toEqual(['DL/T 698.45, 25字节', 'DL/T 645-2007, 16字节', 'DL/T 645-2007, 16字节, 有误'])
  expect(failures).toBe(1)
})

it('reads captures, and says where and when a frame was caught', () => {
  const packet = (hex: string, from: [string, number]) => ({ bytes: ethernet(internet4({ transport: 'udp', from, to: ['10.0.0.9', 9500], payload: Buffer.from(hex, 'hex') })), time: 1000 })
  const file = pcap([packet(GET, ['10.1.2.3', 1]), packet(`${READ}0102`, ['10.1.2.4', 2]), packet('0102', ['10.1.2.5', 3])])
  const { lines, failures, said } = decode(file)
  expect(lines).toMatchObject([
    { ok: true, protocol: 'dlt698', capture: { time: '1970-01-01T00:00:01.000Z', transport: 'udp', from: '10.1.2.3:1', to: '10.0.0.9:9500' } },
    { ok: true, protocol: 'dlt645', capture: { from: '10.1.2.4:2' } }, { ok: false, capture: { from: '10.1.2.4:2' } },
  ])
  expect(failures).toBe(1)
  expect(said).toEqual(['no frame in 2 bytes of udp 10.1.2.5:3 → 10.0.0.9:9500'])
  expect(decode(file, { pretty: true }).written).toContain('# 1970-01-01T00:00:01.000Z udp 10.1.2.3:1 → 10.0.0.9:9500\nDL/T 698.45, 25 bytes\n')
})
