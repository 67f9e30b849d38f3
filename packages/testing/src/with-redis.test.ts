import { Redis } from 'ioredis'
import { withRedis } from './with-redis.js'

const server = withRedis()

if (server) {
  test('appends are on disk before they are answered, and survive a crash', async () => {
    const first = new Redis(server.url, { disconnectTimeout: 100 })
    first.on('error', () => undefined)
    expect(await first.config('GET', 'appendfsync')).toEqual(['appendfsync', 'always'])
    await first.set('kept', '7')
    first.disconnect()
    await server.kill()
    await server.restart()
    const second = new Redis(server.url, { disconnectTimeout: 100 })
    expect(await second.get('kept')).toBe('7')
    second.disconnect()
  })
} else {
  test('without a server program nothing is started', () => expect(server).toBeUndefined())
}
