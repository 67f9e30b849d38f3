import { z } from 'zod'
import { commonConfig, loadConfig, opsPort, port } from './config.js'

const schema = z.object({ ...commonConfig, ZHUZHAN_OPS_PORT: opsPort(9601), ZHUZHAN_4G_PORT: port.default(9500), ZHUZHAN_LINK_SECRET: z.string().min(16) })
const least = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:5432/zhuzhan', ZHUZHAN_LINK_SECRET: 'x'.repeat(16) }

test('defaults and conversions', () => {
  expect(loadConfig(schema, { ...least, ZHUZHAN_4G_PORT: '9555', ZHUZHAN_PRODUCTION: '1', REDIS_URL: '' })).toEqual({
    ...least,
    REDIS_URL: undefined,
    ZHUZHAN_4G_PORT: 9555,
    ZHUZHAN_HARDWARE_CIPHERS: [],
    ZHUZHAN_LAB_SUBSTITUTION: [],
    ZHUZHAN_LOG_LEVEL: 'info',
    ZHUZHAN_OPS_HOST: '127.0.0.1',
    ZHUZHAN_OPS_PORT: 9601,
    ZHUZHAN_PRODUCTION: true,
    ZHUZHAN_TRACE_RATIO: 0.01,
  })
})

test('one message names every wrong variable and no value', () => {
  const wrong = { DATABASE_URL: 'mysql://root:hunter2@db', ZHUZHAN_LINK_SECRET: 'short-secret', ZHUZHAN_4G_PORT: '70000', ZHUZHAN_LOG_LEVEL: 'loud' }
  const attempt = (): unknown => loadConfig(schema, wrong)
  expect(attempt).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  for (const name of Object.keys(wrong)) expect(attempt).toThrow(name)
  expect(attempt).not.toThrow(/hunter2|short-secret/)
})

test('a missing variable is said to be missing', () => {
  expect(() => loadConfig(schema, {})).toThrow('Configuration: DATABASE_URL is missing; ZHUZHAN_LINK_SECRET is missing.')
})

// Mutation seen failing: loadConfig without notInProduction.
test('a laboratory substitution is refused in production, and other algorithms are no such list', () => {
  expect(loadConfig(schema, { ...least, ZHUZHAN_LAB_SUBSTITUTION: 'SM1,SM7' }).ZHUZHAN_LAB_SUBSTITUTION).toEqual(['SM1', 'SM7'])
  expect(loadConfig(schema, { ...least, ZHUZHAN_PRODUCTION: '1', ZHUZHAN_HARDWARE_CIPHERS: 'SM1' }).ZHUZHAN_HARDWARE_CIPHERS).toEqual(['SM1'])
  expect(() => loadConfig(schema, { ...least, ZHUZHAN_PRODUCTION: '1', ZHUZHAN_LAB_SUBSTITUTION: 'SM1' })).toThrow(/ZHUZHAN_LAB_SUBSTITUTION/)
  for (const wrong of ['SM4', 'SM1;SM7', 'SM1,']) expect(() => loadConfig(schema, { ...least, ZHUZHAN_LAB_SUBSTITUTION: wrong })).toThrow('ZHUZHAN_LAB_SUBSTITUTION has the wrong form')
})
