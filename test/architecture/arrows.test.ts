/** The import arrows (docs/architecture.md), read from package.json and sources; ESLint says the same in its own words. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readWorkspace, ROOT } from './workspace.js'
import type { Member } from './workspace.js'

const members = readWorkspace()
const programs = members.flatMap((member) => member.sources.filter((source) => !source.test).map((source) => ({ member, ...source })))
const memberOf = (name: string): Member => {
  const found = members.find((member) => member.name === name)
  if (!found) throw new Error(`no workspace member ${name}`)
  return found
}
const workspaceNames = (dependencies: Record<string, string>): string[] =>
  Object.keys(dependencies).filter((name) => name.startsWith('@zhuzhan/')).map((name) => name.replace('@zhuzhan/', ''))

/** What a member's program reaches, directly or not. */
function reach(name: string, seen = new Set<string>()): Set<string> {
  for (const next of workspaceNames(memberOf(name).dependencies)) {
    if (seen.has(next)) continue
    seen.add(next)
    reach(next, seen)
  }
  return seen
}

test('the sources were found', () => {
  expect(members.length).toBeGreaterThan(15)
  expect(programs.length).toBeGreaterThan(100)
  expect(programs.flatMap((source) => source.imports).length).toBeGreaterThan(programs.length)
})

test('no cycle: nothing reaches itself', () => {
  expect(members.filter(({ name }) => reach(name).has(name)).map(({ name }) => name)).toEqual([])
})

test('nothing imports a service, not even a test', () => {
  const services = members.filter(({ service }) => service).map(({ name }) => name)
  const named = members.flatMap((member) => [...workspaceNames(member.dependencies), ...workspaceNames(member.devDependencies)].filter((name) => services.includes(name)))
  expect(named).toEqual([])
})

test('what a source imports, its package.json names: programs among the dependencies, tests among either', () => {
  const missing = members.flatMap((member) => member.sources.flatMap(({ file, test: isTest, imports }) => {
    const known = isTest ? { ...member.dependencies, ...member.devDependencies } : member.dependencies
    return imports.filter((specifier) => !/^(node:|\.|#)/.test(specifier)).map((specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/'))
      .filter((name) => !(name in known) && name !== `@zhuzhan/${member.name}` && !isTypeOnly(name, member)).map((name) => `${file}: ${name}`)
  }))
  expect(missing).toEqual([])
})

/** fast-check and Jest come from the root. */
function isTypeOnly(name: string, member: Member): boolean {
  return name === 'fast-check' || name === '@jest/globals' || `@types/${name}` in member.devDependencies
}

test('packages are entered through their entry', () => {
  const deep = programs.flatMap(({ file, imports }) => imports.filter((specifier) => /^@zhuzhan\/[^/]+\/|^(\.\.\/)+(packages|services)\//.test(specifier)).map((specifier) => `${file}: ${specifier}`))
  expect(deep).toEqual([])
})

describe('ciphers and keys', () => {
  test('of the services only the crypto machine reaches them, and analytics by the key it signs with as a service', () => {
    const reaching = (name: string, without: string[]): boolean => { const found = reach(name, new Set(without)); return found.has('gm-crypto') || found.has('osp1') }
    const services = members.filter(({ service }) => service).map(({ name }) => name)
    expect(services.filter((name) => reaching(name, []))).toEqual(['analytics', 'crypto-machine'])
    expect(services.filter((name) => reaching(name, ['service-identity']))).toEqual(['crypto-machine'])
  })
  test('of the packages only those that play a device, test vectors, take a master key apart and together, or hold the service\'s own', () => {
    const naming = members.filter(({ dependencies }) => workspaceNames(dependencies).some((name) => name === 'gm-crypto' || name === 'osp1')).map(({ name }) => name)
    expect(naming.sort()).toEqual(['cli', 'crypto-machine', 'custody', 'field-sessions', 'fleet', 'osp1', 'service-identity'])
  })
})

describe('pure packages', () => {
  const pure = ['core', 'codec', 'dlt698', 'contracts', 'osp1', 'policy', 'field-sessions', 'cost-control', 'demand-control', 'energy-audit', 'energy-models', 'metering']
  test.each(pure)('%s has no input or output', (name) => {
    const forbidden = /^node:(fs|net|tls|https?|http2|dgram|child_process|cluster|worker_threads)\b|^(pg|ws|fastify|ioredis|bullmq|pino)$/
    const found = memberOf(name).sources.filter((source) => !source.test).flatMap(({ file, imports }) => imports.filter((one) => forbidden.test(one)).map((one) => `${file}: ${one}`))
    expect(found).toEqual([])
  })
  test('and rest on pure packages and ciphers only', () => {
    for (const name of pure) expect([...reach(name)].filter((one) => ![...pure, 'gm-crypto'].includes(one))).toEqual([])
  })
})

test('raw sockets are opened where terminals, pipes and test peers are', () => {
  const opening = new Set(programs.filter(({ imports }) => imports.some((one) => one === 'node:net' || one === 'node:tls')).map(({ member }) => member.name))
  expect([...opening].filter((name) => !['gateway-type1', 'service-kit', 'fleet', 'testing', 'supervisor', 'chaos'].includes(name))).toEqual([])
})

test('Prisma is used inside persistence', () => {
  expect(members.filter(({ dependencies }) => Object.keys(dependencies).some((name) => name.startsWith('@prisma/'))).map(({ name }) => name)).toEqual(['persistence'])
})

test('no program rests on the testing package, but for the kill rig, which is a test', () => {
  expect(members.filter(({ dependencies }) => '@zhuzhan/testing' in dependencies).map(({ name }) => name)).toEqual(['chaos'])
})

test('no source file is longer than 400 lines', () => {
  expect(members.flatMap(({ sources }) => sources).filter(({ lines }) => lines > 400).map(({ file, lines }) => `${file}: ${lines}`)).toEqual([])
})

test('the lock file names no registry: everybody uses their own', () => {
  expect(readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8').match(/https?:\/\/\S+/g) ?? []).toEqual([])
})
