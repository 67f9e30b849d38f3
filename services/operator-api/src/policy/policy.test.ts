import { PolicyAnswer } from '@zhuzhan/contracts'
import { BOUNDARIES, algorithmsFor } from '@zhuzhan/policy'
import type { BoundaryName, PeerOf } from '@zhuzhan/policy'
import { withPostgres } from '@zhuzhan/testing'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'
import { policyAnswer } from './answer.js'

const postgres = withPostgres()
const apis: TestApi[] = []
const open = async (options?: Parameters<typeof createTestApi>[1]): Promise<TestApi> => {
  const api = await createTestApi(postgres.url, options)
  apis.push(api)
  return api
}
let strict: TestApi
let token: string
beforeAll(async () => {
  strict = await open()
  token = await strict.user('lin', 'viewer')
})
afterAll(async () => {
  for (const api of apis) await api.close()
})
const policyOf = async (api: TestApi): Promise<PolicyAnswer> => {
  const { status, body } = await api.call('GET', '/api/v1/policy', { token })
  expect(status).toBe(200)
  return PolicyAnswer.parse(body)
}

test('the matrix as JSON, in both languages, with the decision of every cell', async () => {
  const answer = await policyOf(strict)
  expect(answer.boundaries.map(({ boundary, peers }) => [boundary, peers.map(({ peer }) => peer)])).toEqual(BOUNDARIES.map(({ boundary, peers }) => [boundary, peers.map(({ peer }) => peer)]))
  for (const { boundary, peers } of answer.boundaries) {
    for (const { peer, pairing, authentication, encryption, integrity, words } of peers) {
      const { boundary: _b, peer: _p, available: _a, substituted: _s, pairing: asked = null, ...ciphers } = algorithmsFor(boundary as BoundaryName, peer as PeerOf<BoundaryName>)
      expect({ pairing, authentication, encryption, integrity }).toEqual({ pairing: asked, ...ciphers })
      expect(words.zh).toMatch(/\p{Script=Han}/u)
    }
  }
  expect(answer.modules.map(({ module, algorithms }) => [module, algorithms.map(({ asked }) => asked).join()])).toEqual([
    ['metering', 'SM1'], ['management', 'SM1,SM2,SM3,SM4'], ['carrier', ''], ['expansion-a', 'SM1'], ['expansion-b', 'SM2,SM3,SM4'],
  ])
  expect(answer.seal.algorithms).toEqual([{ asked: 'SM7', runs: 'SM7', by: 'hardware only', available: false }])
})

test('a station without a device refuses SM1, a laboratory may say SM4, a device makes it available', async () => {
  const handheld = async (api: TestApi) => (await policyOf(api)).boundaries[0]?.peers.find(({ peer }) => peer === 'handheld')?.encryption
  expect(await handheld(strict)).toEqual({ asked: 'SM1', runs: 'SM1', by: 'hardware only', available: false })
  expect(await handheld(await open({ policy: { production: false, hardware: [], laboratory: ['SM1'] } }))).toEqual({ asked: 'SM1', runs: 'SM4', by: 'substituted', available: true })
  expect(await handheld(await open({ production: true, policy: { production: true, hardware: ['SM1'], laboratory: [] } }))).toEqual({ asked: 'SM1', runs: 'SM1', by: 'hardware only', available: true })
})

test('in production there is no answer with a substitution: the routes are not even made', () => {
  expect(() => policyAnswer({ production: true, hardware: [], laboratory: ['SM1'] })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('the page for people shows the tables and nothing of the station', async () => {
  const { status, text, headers } = await strict.call('GET', '/policy')
  expect(status).toBe(200)
  expect(headers['content-type']).toContain('text/html')
  for (const words of ['charging pile', '充电桩', 'handheld', 'SM7', 'expansion module B', '身份认证']) expect(text).toContain(words)
  expect((await strict.call('GET', '/start')).text).toContain('href="/policy"')
})
