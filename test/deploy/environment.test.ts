import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serviceProgram } from '@zhuzhan/supervisor'
import { parse } from 'yaml'
import { ROOT } from '../architecture/workspace.js'
import { configSchemas, renderEnvExample, variables } from './environment.js'

const file = join(ROOT, '.env.example')

test('every variable says what it means', async () => {
  expect((await variables()).filter(({ description }) => description === '').map(({ name }) => name)).toEqual([])
})

test('.env.example holds exactly the variables of the config schemas, with their defaults', async () => {
  const expected = renderEnvExample(await variables())
  if (process.env['UPDATE_ENV_EXAMPLE'] === '1') writeFileSync(file, expected)
  expect(readFileSync(file, 'utf8')).toBe(expected)
})

describe('docker-compose.yml', () => {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
  const compose = parse(text, { merge: true }) as { services: Record<string, { environment?: Record<string, string>; command?: string[]; working_dir?: string }> }

  test('gives each service only variables it knows, and all it cannot do without', async () => {
    const schemas = await configSchemas()
    for (const [name, schema] of Object.entries(schemas).filter(([user]) => user !== 'npm start')) {
      const given = compose.services[name]?.environment ?? {}
      expect({ name, unknown: Object.keys(given).filter((variable) => !(variable in schema.shape)) }).toEqual({ name, unknown: [] })
      const samples = Object.fromEntries(Object.entries(given).map(([variable, value]) => [variable, sample(value)]))
      const { error } = schema.safeParse(samples)
      expect({ name, wrong: error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [] }).toEqual({ name, wrong: [] })
    }
  })

  test('runs each service as npm start does', () => {
    const services = Object.entries(compose.services).filter(([name, { working_dir: folder }]) => folder === `/app/services/${name}`)
    expect(services).toHaveLength(5)
    for (const [name, { command }] of services) expect({ name, command }).toEqual({ name, command: ['node', ...serviceProgram(name)] })
  })

  test('asks only for variables .env.example shows', () => {
    const shown = new Set([...readFileSync(file, 'utf8').matchAll(/^#?([A-Z0-9_]+)=/gm)].map(([, name]) => name))
    const asked = [...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name ?? '')
    expect([...new Set(asked)].filter((name) => !shown.has(name))).toEqual([])
  })

  test('Redis confirms only what is on disk', () => {
    expect(text).toMatch(/'--appendonly', 'yes', '--appendfsync', 'always'/)
  })
})

/** What compose would put in: the default, or something long enough where none is given. */
function sample(value: string): string {
  return value.replace(/\$\{[A-Z0-9_]+:-([^}]*)\}/g, '$1').replace(/\$\{[A-Z0-9_]+:\?[^}]*\}/g, 'x'.repeat(40))
}
