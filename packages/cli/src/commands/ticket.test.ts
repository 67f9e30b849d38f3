import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@zhuzhan/core'
import { controlRequest, encodeApdu } from '@zhuzhan/dlt698'
import { SM2_DEFAULT_ID, createEngine } from '@zhuzhan/gm-crypto'
import { approverInput, dispersionOfNumber, encodeTicket, operatorInput, ticketContent } from '@zhuzhan/osp1'
import { openServiceKey } from '@zhuzhan/service-identity'
import { Command } from 'commander'
import { ticketCommand } from './ticket.js'

const folder = mkdtempSync(join(tmpdir(), 'ticket-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)
const put = (name: string, content: string): string => {
  writeFileSync(at(name), content)
  return at(name)
}

const APDU = encodeApdu(controlRequest('trip', { terminal: '000000000001', meter: '000000000011' }, { number: 0, priority: false, acd: false }, 30))
const TKT = encodeTicket({
  stationId: Buffer.alloc(8, 1), epoch: Buffer.alloc(8, 2), ticketId: Buffer.alloc(16, 3), operatorId: Buffer.alloc(8, 4), approverId: Buffer.alloc(8, 5), area: Buffer.from('NORTH\0\0\0'),
  notBefore: 1_800_000_000, notAfter: 1_800_000_300, ...ticketContent(APDU), devices: [dispersionOfNumber('000000000001')],
})

/** The command in this process. @throws what it throws */
async function ticket(...args: string[]): Promise<Record<string, unknown>> {
  const written: string[] = []
  const stdout = import.meta.jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  const stderr = import.meta.jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.unshift(JSON.stringify({ said: String(text) })) > 0)
  try {
    const program = new Command().exitOverride()
    ticketCommand(program)
    await program.parseAsync(['ticket', ...args, '--json'], { from: 'user' })
    const said = written.slice(0, -1).map((one) => (JSON.parse(one) as { said: string }).said).reverse().join('')
    return { ...(JSON.parse(written.at(-1) ?? '') as object), said }
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
  }
}

test('show: what it says, from hex or base64, from a file, and from an answer of the station', async () => {
  for (const from of [toHex(TKT), TKT.toString('base64'), put('t.hex', `${toHex(TKT)}\n`), put('t.json', JSON.stringify({ id: 'x', ticket: toHex(TKT), sigOperator: null }))]) {
    const { lines } = await ticket('show', from)
    const said = JSON.stringify(lines)
    expect(said).toContain('跳闸')
    expect(said).toContain('000000000011')
  }
})

test('two people sign with keys of their own; each signature is over what the standard of the profile says', async () => {
  const engine = createEngine('noble')
  const keys = { operator: (await ticket('key', '--out', at('op.pem')))['publicKey'] as string, approver: (await ticket('key', '--out', at('ap.pem')))['publicKey'] as string }
  expect(statSync(at('op.pem')).mode & 0o777).toBe(0o600)
  expect(keys.operator).toMatch(/^04[0-9A-F]{128}$/)

  const first = await ticket('sign', toHex(TKT), '--key', at('op.pem'))
  expect(first).toMatchObject({ second: false, person: '0404040404040404', said: expect.stringContaining('跳闸') })
  const sigOperator = Buffer.from(fromHex(first['signature'] as string))
  expect(await engine.verify(fromHex(keys.operator), SM2_DEFAULT_ID, operatorInput(TKT), sigOperator)).toBe(true)

  const answer = put('answer.json', JSON.stringify({ ticket: toHex(TKT), sigOperator: first['signature'] }))
  const seconds = [await ticket('sign', answer, '--key', at('ap.pem')), await ticket('sign', toHex(TKT), '--key', at('ap.pem'), '--after', first['signature'] as string)]
  for (const second of seconds) {
    expect(second).toMatchObject({ second: true, person: '0505050505050505' })
    expect(await engine.verify(fromHex(keys.approver), SM2_DEFAULT_ID, approverInput(TKT, sigOperator), fromHex(second['signature'] as string))).toBe(true)
  }
})

test('a batch is signed ticket by ticket, and the answer is the body the station takes', async () => {
  const engine = createEngine('noble')
  const { publicKey } = await ticket('key', '--out', at('batch.pem'))
  const other = Buffer.from(TKT)
  other[40]! ^= 1
  const answer = put('batch.json', JSON.stringify({ id: 'b', tickets: [{ id: 'one', ticket: toHex(TKT), sigOperator: null }, { id: 'two', ticket: toHex(other), sigOperator: null }] }))
  const { signatures } = await ticket('sign', answer, '--key', at('batch.pem')) as { signatures: { ticket: string; signature: string }[] }
  expect(signatures.map((one) => one.ticket)).toEqual(['one', 'two'])
  for (const [i, message] of [TKT, other].entries()) expect(await engine.verify(fromHex(publicKey as string), SM2_DEFAULT_ID, operatorInput(message), fromHex(signatures[i]!.signature))).toBe(true)
})

test.each([
  ['nothing that is signed', '00112233', /only tickets, mandates and orders/],
  ['neither file nor hex', 'no-such-file', /neither a file nor hexadecimal/],
  ['JSON without a ticket', '{"id": 1}', /no member "ticket"/],
  ['half a ticket', toHex(TKT).slice(0, 100), /./],
])('%s is refused', async (_what, from, why) => {
  await expect(ticket('show', from)).rejects.toThrow(why)
  await expect(ticket('sign', from, '--key', at('op.pem'))).rejects.toThrow(why)
})

test('a key file that is there is not written over', async () => {
  const before = readFileSync(at('op.pem'), 'utf8')
  await expect(ticket('key', '--out', at('op.pem'))).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
  expect(readFileSync(at('op.pem'), 'utf8')).toBe(before)
})

test('the key of a service: under its secret, never over a file that is there, with the order that enters it', async () => {
  process.env['ZHUZHAN_SERVICE_KEY_SECRET'] = 'a secret of the test'
  const made = await ticket('service-key', '--out', at('service.json'), '--person', '5e5e5e5e00000001')
  expect(statSync(at('service.json')).mode & 0o777).toBe(0o600)
  expect(made['order']).toMatchObject({ kind: 'person', person: '5E5E5E5E00000001', roles: ['service'], publicKey: made['publicKey'] })
  const { privateKey } = await openServiceKey(createEngine('noble'), readFileSync(at('service.json'), 'utf8'), 'a secret of the test')
  expect(readFileSync(at('service.json'), 'utf8')).not.toContain(toHex(privateKey))
  await expect(ticket('service-key', '--out', at('service.json'))).rejects.toMatchObject({ code: 'EXISTS_ALREADY' })
  delete process.env['ZHUZHAN_SERVICE_KEY_SECRET']
  await expect(ticket('service-key', '--out', at('other.json'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
