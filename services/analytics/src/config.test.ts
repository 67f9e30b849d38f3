import { loadConfig } from '@zhuzhan/service-kit'
import { configSchema } from './config.js'

const env = { DATABASE_URL: 'postgres://a:b@127.0.0.1:5432/c' }

test('defaults', () => {
  expect(loadConfig(configSchema, env)).toMatchObject({ ZHUZHAN_OPS_PORT: 9604, ZHUZHAN_STORE_CONCURRENCY: 2, ZHUZHAN_REGISTER_FULL_SCALE: 1_000_000, ZHUZHAN_NIGHT_ZONE: 'Asia/Shanghai', ZHUZHAN_TIDY_AFTER_DAYS: 2, ZHUZHAN_KEEP_READINGS_DAYS: 0 })
})

test.each([['ZHUZHAN_STORE_CONCURRENCY', '0'], ['ZHUZHAN_REGISTER_FULL_SCALE', '-1'], ['ZHUZHAN_NIGHT_ZONE', 'Mars/Olympus'], ['ZHUZHAN_TIDY_AFTER_DAYS', '-1'], ['ZHUZHAN_KEEP_READINGS_DAYS', '0.5']])('%s=%s is named', (name, value) => {
  expect(() => loadConfig(configSchema, { ...env, [name]: value })).toThrow(name)
})
