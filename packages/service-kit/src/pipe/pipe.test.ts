import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { HesError } from '@zhuzhan/core'
import pino from 'pino'
import { WebSocket } from 'ws'
import { createPipeClient } from './client.js'
import type { PipeClient, PipeClientOptions } from './client.js'
import { pipeProof } from './handshake.js'
import { pack } from './messages.js'
import { createPipeServer } from './server.js'
import type { PipeServer, PipeServerOptions } from './server.js'

const log = pino({ level: 'silent' })
const secret = 'a shared secret of the test'
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function server(handle: PipeServerOptions['handle'], more: Partial<PipeServerOptions> = {}): Promise<PipeServer> {
  const made = createPipeServer({ host: '127.0.0.1', port: 0, secret, log, handle, ...more })
  await made.start()
  stops.push(() => made.stop())
  return made
}
async function client(port: number, more: Partial<PipeClientOptions> = {}): Promise<PipeClient> {
  const made = createPipeClient({ url: `ws://127.0.0.1:${port}`, secret, identity: 'fep-1', log, ...more })
  await made.start()
  stops.push(() => made.stop())
  return made
}
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(condition()).toBe(true)
}
const echo: PipeServerOptions['handle'] = async (_op, batch) => batch

describe('pipe', () => {
  it('gathers the calls of one tick in one message and gives each caller its own results', async () => {
    const seen: number[] = []
    const { port } = await server(async (_op, batch) => {
      seen.push(batch.length)
      return batch.map((n) => Number(n) * 2)
    })
    const pipe = await client(port())
    await until(() => pipe.connected)
    const results = await Promise.all([pipe.call('double', [1, 2]), pipe.call('double', [3]), pipe.call('double', [])])
    expect(results).toEqual([[2, 4], [6], []])
    expect(seen).toEqual([3])
    expect(
      await pipe.call(
        'double',
        Array.from({ length: 2500 }, (_, i) => i),
      ),
    ).toHaveLength(2500)
  })

  it('carries bytes, keeps the caller name and the trace', async () => {
    const { port } = await server(async (op, batch, caller) => batch.map((item) => ({ op, item, ...caller })))
    const pipe = await client(port(), { trace: () => '00-aa-bb-01' })
    await until(() => pipe.connected)
    const [answer] = await pipe.call('seal', [{ apdu: Buffer.from([1, 2, 255]) }])
    expect(answer).toEqual({ op: 'seal', item: { apdu: Buffer.from([1, 2, 255]) }, identity: 'fep-1', trace: '00-aa-bb-01' })
  })

  it('runs many requests at a time and lets answers come in any order', async () => {
    const { port } = await server(async (op, batch) => {
      await new Promise((r) => setTimeout(r, op === 'slow' ? 60 : 0))
      return batch
    })
    const pipe = await client(port())
    await until(() => pipe.connected)
    const order: string[] = []
    await Promise.all([pipe.call('slow', [1]).then(() => order.push('slow')), pipe.call('fast', [2]).then(() => order.push('fast'))])
    expect(order).toEqual(['fast', 'slow'])
  })

  it('fails fast when down, times out, reports the code of the server, and limits what is outstanding', async () => {
    const made = createPipeServer({
      host: '127.0.0.1',
      port: 0,
      secret,
      log,
      handle: async (op) => {
        if (op === 'never') return new Promise(() => undefined)
        throw op === 'known' ? new HesError('LIMIT') : new Error('secret detail')
      },
    })
    await made.start()
    const pipe = await client(made.port(), { timeoutMs: 50, maxOutstanding: 3 })
    await until(() => pipe.connected)
    await expect(pipe.call('known', [1])).rejects.toMatchObject({ code: 'LIMIT' })
    await expect(pipe.call('unknown', [1])).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('secret detail'),
    })
    await expect(pipe.call('never', [1])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(pipe.call('never', [1, 2, 3, 4])).rejects.toMatchObject({ code: 'BUSY' })
    await expect(pipe.callWhole('never', 'four', 4)).rejects.toMatchObject({ code: 'BUSY' })
    const two = pipe.callWhole('never', 'two', 2)
    await expect(pipe.call('never', [1, 2])).rejects.toMatchObject({ code: 'BUSY' })
    await expect(two).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const cut = pipe.call('never', [1])
    await Promise.all([expect(cut).rejects.toMatchObject({ code: 'UNAVAILABLE' }), made.stop()])
    await expect(pipe.call('known', [1])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('comes back when the server does', async () => {
    const first = await server(echo)
    const port = first.port()
    const told: boolean[] = []
    const pipe: PipeClient = await client(port, { onConnected: () => told.push(pipe.connected) })
    await until(() => pipe.connected)
    await first.stop()
    await until(() => !pipe.connected)
    const again = createPipeServer({ host: '127.0.0.1', port, secret, log, handle: echo })
    await again.start()
    stops.push(() => again.stop())
    await until(() => pipe.connected)
    expect(await pipe.call('echo', ['x'])).toEqual(['x'])
    expect(told).toEqual([true, true])
  })

  it('refuses a caller with another secret, and a server that does not know it', async () => {
    const { port } = await server(echo)
    const stranger = await client(port(), { secret: 'guessed' })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(stranger.connected).toBe(false)
    const impostor = await server(echo, { secret: 'another' })
    const honest = await client(impostor.port())
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(honest.connected).toBe(false)
  })

  it('the client proof cannot be sent back as the server proof, nor under another name', () => {
    const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const mine = pipeProof('client', secret, a, b, 'fep-1')
    expect(pipeProof('server', secret, a, b, 'fep-1')).not.toEqual(mine)
    expect(pipeProof('client', secret, a, b, 'fep-2')).not.toEqual(mine)
    expect(pipeProof('client', secret, b, a, 'fep-1')).not.toEqual(mine)
  })

  it('drops a connection that speaks before its proof or sends garbage', async () => {
    let handled = 0
    const { port } = await server(async (_op, batch) => {
      handled++
      return batch
    })
    for (const message of [
      pack({ id: 1, op: 'echo', batch: [1] }),
      Buffer.from('c1c1c1', 'hex'),
      pack({ identity: 'x', nonce: 1, proof: 2 }),
    ]) {
      const raw = new WebSocket(`ws://127.0.0.1:${port()}/pipe`)
      raw.on('error', () => undefined)
      await new Promise((resolve) => raw.once('open', resolve))
      raw.send(message)
      await new Promise((resolve) => raw.once('close', resolve))
    }
    expect(handled).toBe(0)
  })

  it('admits a bounded number of connections', async () => {
    const { port } = await server(echo, { limits: { connections: 1 } })
    const pipe = await client(port())
    await until(() => pipe.connected)
    const raw = new WebSocket(`ws://127.0.0.1:${port()}/pipe`)
    const code = await new Promise((resolve) => raw.once('close', resolve))
    expect(code).toBe(1013)
    expect(await pipe.call('echo', [1])).toEqual([1])
  })

  it('never sends the secret', async () => {
    const seen: Buffer[] = []
    const { port } = await server(echo)
    const tap: Server = createServer((down) => tapInto(port(), seen, down))
    await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve))
    stops.push(
      () =>
        new Promise((resolve) => {
          tap.close(() => resolve())
        }),
    )
    const pipe = await client((tap.address() as { port: number }).port)
    await until(() => pipe.connected)
    await pipe.stop()
    expect(seen.length).toBeGreaterThan(2)
    expect(Buffer.concat(seen).includes(secret)).toBe(false)
  })
})

/** Copies bytes both ways between the caller and the port, and keeps them. */
function tapInto(port: number, seen: Buffer[], down: Socket): void {
  const up = connect(port, '127.0.0.1')
  for (const [from, to] of [
    [down, up],
    [up, down],
  ] as const) {
    from.on('data', (data: Buffer) => {
      seen.push(data)
      to.write(data)
    })
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }
}
