import { HesError } from '@zhuzhan/core'
import { spawnSync } from 'node:child_process'
import { createLogger } from './logger.js'

function logged(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = []
  write(createLogger({ service: 'test', level: 'info', destination: { write: (line: string) => { lines.push(line) } } }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

test('a line has service, level by name and ISO time', () => {
  expect(logged((log) => log.info({ terminal: '12' }, 'login'))).toMatchObject({ service: 'test', level: 'info', terminal: '12', msg: 'login', time: expect.stringMatching(/^\d{4}-/) })
})

test('secret-like names lose their value at any depth', () => {
  const line = logged((log) => log.info({ password: 'a1', user: { name: 'eva', token: 'b2', deviceKeys: { session: 'c3' } }, list: [{ linkSecret: 'd4', masterKey: Buffer.from('e5') }] }, 'x'))
  expect(JSON.stringify(line)).not.toMatch(/a1|b2|c3|d4|e5/)
  expect(line).toMatchObject({ password: '[redacted]', user: { name: 'eva', token: '[redacted]' } })
})

test('bytes are logged by their length only', () => {
  expect(logged((log) => log.info({ frame: Buffer.from('68aa16', 'hex') }, 'x'))['frame']).toBe('<3 bytes>')
})

test('a password inside an address is left out, wherever it stands', () => {
  const error = new Error('connect postgresql://zhuzhan:geheim@127.0.0.1:5432 failed')
  const text = JSON.stringify(logged((log) => log.error({ err: error }, 'redis://:geheim@host')))
  expect(text).not.toContain('geheim')
  expect(text).toContain('postgresql://zhuzhan:***@127.0.0.1:5432')
})

test('an error keeps code, context and cause', () => {
  const error = new HesError('COUNTER', 'record 5 of 3', { terminal: '12' }, { cause: new Error('inner') })
  expect(logged((log) => log.warn({ err: error }, 'x'))['err']).toMatchObject({ type: 'HesError', code: 'COUNTER', message: 'record 5 of 3', context: { terminal: '12' }, cause: { message: 'inner' } })
})

test('a child logger redacts too', () => {
  expect(JSON.stringify(logged((log) => log.child({ terminal: '12' }).info({ cookie: 'zz9' }, 'x')))).not.toContain('zz9')
})

// Mutation: no listener for 'error' at the destination; then the warning itself throws, and with it the work it spoke of.
test('a disk without room makes no log line throw, and the line comes when there is room', () => {
  const program = `
    import fs from 'node:fs'
    import { createLogger } from ${JSON.stringify(new URL('logger.ts', import.meta.url).href)}
    const real = fs.writeSync
    let full = true
    fs.writeSync = (...args) => {
      if (full && args[0] === 1) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      return real(...args)
    }
    const log = createLogger({ service: 'test', level: 'info' })
    log.warn('first')
    full = false
    log.warn('second')`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=zhuzhan-source', '--import', 'tsx', '--input-type=module', '-e', program], { encoding: 'utf8', cwd: new URL('.', import.meta.url), env: { ...process.env, NODE_OPTIONS: '' } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['first', 'second'])
})
