import { packReportRequests } from '@zhuzhan/contracts'
import { createCryptoMachineClient } from '@zhuzhan/crypto-client'
import { HesError } from '@zhuzhan/core'
import { createPipeClient, createPipeServer } from '@zhuzhan/service-kit'
import type { PipeServerOptions } from '@zhuzhan/service-kit'
import pino from 'pino'
import { describePort } from './conformance/port-suite.js'
import { GET_CLOCK, ask, startMachine, testEngine } from './conformance/rig.js'
import { createPipeHandler } from './pipe/handler.js'

const log = pino({ level: 'silent' })
afterAll(() => testEngine().close())

describePort('in process', async () => {
  const rig = await startMachine()
  return { rig, portOf: async (identity) => rig.machine.as(identity), stop: async () => undefined }
})

type Handle = PipeServerOptions['handle']

async function overPipe(around: (handle: Handle) => Handle = (handle) => handle) {
  const rig = await startMachine()
  const server = createPipeServer({ host: '127.0.0.1', port: 0, secret: 'port test secret', log, handle: around(createPipeHandler(rig.machine)) })
  await server.start()
  const clients: ReturnType<typeof createCryptoMachineClient>[] = []
  const portOf = async (identity: string) => {
    const client = createCryptoMachineClient({ url: `ws://127.0.0.1:${server.port()}`, secret: 'port test secret', identity, log })
    clients.push(client)
    await client.start()
    while (!client.connected) await new Promise((resolve) => setTimeout(resolve, 5))
    return client
  }
  const stop = async () => {
    for (const client of clients) await client.stop()
    await server.stop()
  }
  return { rig, portOf, stop }
}

describePort('over the pipe', () => overPipe())
describePort('over the pipe, by a machine that knows no columns of reports', () => overPipe((handle) => async (op, batch, caller) => {
  if (op.endsWith('Columns')) throw new HesError('BODY_INVALID')
  return handle(op, batch, caller)
}))

test('bytes that are no columns of reports are refused as a whole', async () => {
  const server = createPipeServer({ host: '127.0.0.1', port: 0, secret: 'port test secret', log, handle: createPipeHandler((await startMachine()).machine) })
  await server.start()
  const pipe = createPipeClient({ url: `ws://127.0.0.1:${server.port()}`, secret: 'port test secret', identity: 'fep-1', log })
  await pipe.start()
  while (!pipe.connected) await new Promise((resolve) => setTimeout(resolve, 5))
  const good = packReportRequests('openReport', [{ address: '000000000001', apdu: Buffer.from('10', 'hex') }]) as Buffer
  for (const item of ['text', Buffer.alloc(0), Buffer.concat([good, good.subarray(0, 13)]), good.subarray(0, 14), Buffer.concat(Array.from({ length: 1_025 }, () => good))])
    await expect(pipe.callWhole('openReportColumns', item, 1)).rejects.toMatchObject({ code: 'BODY_INVALID' })
  await pipe.stop()
  await server.stop()
})

describe('the client', () => {
  it('fails every call at once while the machine is away', async () => {
    const client = createCryptoMachineClient({ url: 'ws://127.0.0.1:9', secret: 'port test secret', identity: 'fep-1', log })
    await client.start()
    await expect(ask(client, 'seal', { handle: '00'.repeat(16), apdu: GET_CLOCK })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await client.stop()
  })

  it('learns UNAVAILABLE from a machine that was fenced off', async () => {
    const under = await overPipe()
    const port = await under.portOf('fep-1')
    under.rig.machine.retire()
    await expect(ask(port, 'status', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await under.stop()
  })
})
