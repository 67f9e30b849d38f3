import { loadConfig } from '@zhuzhan/service-kit'
import { configSchema } from './config.js'

const least = { DATABASE_URL: 'postgresql://u:p@127.0.0.1/zhuzhan', ZHUZHAN_TOKEN_SECRET: 'x'.repeat(32) }

test('a database and a token secret are enough', () => {
  expect(loadConfig(configSchema, least)).toMatchObject({ ZHUZHAN_API_HOST: '127.0.0.1', ZHUZHAN_API_PORT: 8080, ZHUZHAN_OPS_PORT: 9605, ZHUZHAN_ADMIN_USERNAME: 'admin', ZHUZHAN_PRODUCTION: false })
})

test('a short token secret is refused without being told', () => {
  expect(() => loadConfig(configSchema, { ...least, ZHUZHAN_TOKEN_SECRET: 'too-short' })).toThrow(/ZHUZHAN_TOKEN_SECRET(?!.*too-short)/)
})
