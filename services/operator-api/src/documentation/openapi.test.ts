import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'

const postgres = withPostgres()
let api: TestApi

interface Operation {
  tags: string[]
  summary: string
  security: unknown[]
  parameters?: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: { properties?: object } }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, { type: string; scheme: string }> }
}
let document: Document

beforeAll(async () => {
  api = await createTestApi(postgres.url)
  document = (await api.call('GET', '/openapi.json')).body as Document
})
afterAll(() => api.close())

const operations = () => Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

test('it is OpenAPI 3.1 with a title, a version and a bearer scheme', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/)
  expect(document.info).toMatchObject({ title: expect.any(String), version: '0.0.0' })
  expect(document.components.securitySchemes['bearer']).toMatchObject({ type: 'http', scheme: 'bearer' })
})

test('every operation has a summary, a group, described answers and its path parameters', () => {
  expect(operations().length).toBeGreaterThan(30)
  for (const { path, method, operation } of operations()) {
    const name = `${method} ${path}`
    expect({ name, summary: operation.summary, tags: operation.tags }).toEqual({ name, summary: expect.stringMatching(/./), tags: [expect.any(String)] })
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    expect({ name, parameters: (operation.parameters ?? []).filter((one) => one.in === 'path').map((one) => one.name) }).toEqual({ name, parameters: inPath })
    const answers = Object.keys(operation.responses)
    expect({ name, good: answers.some((status) => /^[12]\d\d$/.test(status)), errors: answers.includes('4XX') }).toEqual({ name, good: true, errors: true })
    for (const answer of Object.values(operation.responses)) expect(typeof answer.description).toBe('string')
    if (path !== '/api/v1/auth/login') expect(operation.security).toEqual([{ bearer: [] }])
  }
})

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] as string)
  expect(references.length).toBeGreaterThan(20)
  expect(Object.keys(document.components.schemas).sort()).toEqual([...new Set(references.map((reference) => reference.split('/').at(-1)))].sort())
  for (const reference of references) {
    const found = reference.replace('#/', '').split('/').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document)
    expect({ reference, found: found !== undefined }).toEqual({ reference, found: true })
  }
})

test('a request body says its field names in place', () => {
  const schemaOf = (path: string) => Object.values(document.paths[path]?.['post']?.requestBody?.content ?? {})[0]?.schema.properties
  expect(Object.keys(schemaOf('/api/v1/terminals') ?? {})).toEqual(['address', 'name', 'securityProfile', 'mode', 'area', 'utcOffset'])
  expect(Object.keys(schemaOf('/api/v1/meters') ?? {})).toEqual(['address', 'terminal', 'name', 'securityProfile', 'mode', 'area', 'ctRatio', 'ptRatio', 'tariff'])
  expect(Object.keys(schemaOf('/api/v1/meters/{address}/commands') ?? {})).toEqual(['action', 'reason', 'expiresInSeconds', 'oads', 'setPoint', 'load', 'approver', 'password'])
})

test('pages for people: / leads to the start page, /docs shows the routes', async () => {
  expect(await api.call('GET', '/')).toMatchObject({ status: 302, headers: { location: '/start' } })
  const start = await api.call('GET', '/start')
  expect(start.status).toBe(200)
  expect(start.text).toContain('/docs')
  expect((await api.call('GET', '/docs/')).text).toContain('swagger')
  expect((await api.call('GET', '/docs/json')).status).toBe(200)
})

test('browsers are told to be careful', async () => {
  const { headers } = await api.call('GET', '/start')
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' })
  expect(headers['content-security-policy']).toContain("script-src 'self'")
  expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests')
})
