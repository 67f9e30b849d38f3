import { HesError, manualClock } from '@zhuzhan/core'
import { decodeApdu, encodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import type { CryptoResult } from '@zhuzhan/contracts'
import { createRequestTable } from '../requests/request-table.js'
import type { RequestTable } from '../requests/request-table.js'
import type { SecureChannel } from '../secure/secure-channel.js'
import type { Terminal } from '../terminals/terminal.js'
import { until } from '../test-support/until.js'
import { updateTerminal } from './terminal-update.js'

/** The front end's part: bytes there and back, and a new session after every doubt. The machine is a list of what it says. */

type Due = 'stage' | 'commit' | Extract<CryptoResult<'keyUpdateStep'>, { next: string }>['next'] | HesError
let says: Due[]
let renewed: number
let sent: Apdu[]
let requests: RequestTable
let answers: boolean

const rig = (): Terminal => {
  const secure = {
    ready: true,
    keyUpdateStep: async () => {
      const due = says.shift() ?? 'nothing'
      if (due instanceof HesError) throw due
      if (due === 'reconnect' || due === 'nothing') return { next: due }
      return { apdu: Buffer.from(due), seq: 1, giveUp: () => undefined }
    },
    renew: () => { renewed += 1 },
  } as unknown as SecureChannel
  requests = createRequestTable(async (apdu, ask, piid, leaving) => {
    const sealed = await ask.seal?.(piid)
    if (sealed) leaving({ seq: sealed.seq, giveUp: sealed.giveUp })
    sent.push(apdu)
    if (answers && apdu.apdu === 'action-request' && apdu.choice === 'normal')
      setImmediate(() => requests.answer(decodeApdu(encodeApdu({ apdu: 'action-response', choice: 'normal', piid: apdu.piid, omd: apdu.omd, dar: 0, data: undefined, followReport: undefined, timeTag: undefined })) as never, sealed?.seq))
  }, manualClock())
  return { address: '000000000001', secure, requests } as unknown as Terminal
}

beforeEach(() => {
  renewed = 0
  sent = []
  answers = true
})
afterEach(() => requests.end())

test('sends what is due until nothing is', async () => {
  says = ['stage', 'commit', 'nothing']
  expect(await updateTerminal(rig(), 1_000)).toBe('over')
  expect([sent.length, renewed]).toEqual([2, 0])
})

test('makes a new session where the machine asks for one', async () => {
  says = ['stage', 'reconnect']
  expect(await updateTerminal(rig(), 1_000)).toBe('renewing')
  expect([sent.length, renewed]).toEqual([1, 1])
})

// Seen failing without `secure.renew()` after a timeout: the doubt stayed one until the session ended by itself.
test('settles a doubt by a new session', async () => {
  says = ['stage']
  answers = false
  expect(await updateTerminal(rig(), 20)).toBe('renewing')
  expect(renewed).toBe(1)
})

test('waits for a later turn where the session is busy or gone', async () => {
  for (const code of ['BUSY', 'SESSION_UNKNOWN'] as const) {
    says = [new HesError(code)]
    expect(await updateTerminal(rig(), 1_000)).toBe('later')
  }
  says = [new HesError('KEY_UPDATE_REFUSED')]
  await expect(updateTerminal(rig(), 1_000)).rejects.toMatchObject({ code: 'KEY_UPDATE_REFUSED' })
})

test('a device that refuses for ever is not asked for ever', async () => {
  says = Array.from({ length: 50 }, () => 'stage' as const)
  expect(await updateTerminal(rig(), 1_000)).toBe('later')
  expect(sent).toHaveLength(6)
})

// Seen failing without `passes` in the request table: the machine would answer BUSY to one of them.
test('is alone under way: it waits for reads, and reads wait for it', async () => {
  says = ['stage', 'nothing']
  answers = false
  const terminal = rig()
  const get = (piid: { number: number; priority: boolean; acd: boolean }): Apdu => ({ apdu: 'get-request', choice: 'normal', piid, oad: '00100200', timeTag: undefined })
  const first = requests.ask({ lane: 'collection', timeoutMs: 1_000, build: get })
  await until(() => sent.length === 1)
  const update = updateTerminal(terminal, 1_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent).toHaveLength(1)
  const answer = (apdu: Apdu): boolean => requests.answer(apdu as never, apdu.apdu === 'action-response' ? 1 : undefined)
  const piidOf = (at: number): { number: number; priority: boolean; acd: boolean } => (sent[at] as Extract<Apdu, { apdu: 'get-request' }>).piid
  answer({ apdu: 'get-response', choice: 'normal', piid: piidOf(0), result: { oad: '00100200', data: { type: 'null' } }, followReport: undefined, timeTag: undefined })
  await first
  await until(() => sent.length === 2)
  const second = requests.ask({ lane: 'collection', timeoutMs: 1_000, build: get })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(sent.map(({ apdu }) => apdu)).toEqual(['get-request', 'action-request'])
  answer({ apdu: 'action-response', choice: 'normal', piid: piidOf(1), omd: 'F1000700', dar: 0, data: undefined, followReport: undefined, timeTag: undefined })
  await until(() => sent.length === 3)
  answer({ apdu: 'get-response', choice: 'normal', piid: piidOf(2), result: { oad: '00100200', data: { type: 'null' } }, followReport: undefined, timeTag: undefined })
  await second
  expect(await update).toBe('over')
})
