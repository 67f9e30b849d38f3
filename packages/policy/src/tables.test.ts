import { readFileSync } from 'node:fs'
import { BOUNDARIES, CIPHER_ROLES, DATA_PROTECTION, KEY_KINDS, MODULES, SEAL } from './index.js'
import type { PeerPolicy } from './index.js'

/** The mission's own words, parsed; the data must say the same in every cell. */
const text = readFileSync(new URL('../vectors/mission-rows.md', import.meta.url), 'utf8')

function paragraph(row: string): string {
  const found = text.split('\n').find((line) => line.startsWith(`**${row}`) || line.startsWith(`| ${row} `))
  if (found === undefined) throw new Error(`row ${row} is not in the copy`)
  return found
}

/** Cells of the table under the paragraph of a row, head first. */
function table(row: string): string[][] {
  const lines = text.slice(text.indexOf(paragraph(row)) + paragraph(row).length + 1).split('\n')
  const rows = lines.slice(0, lines.findIndex((line) => !line.startsWith('|')))
  return rows.filter((line) => !/^\|[-|]+\|$/.test(line)).map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()))
}

describe('Table I', () => {
  const [head, ...rows] = table('M4.1')
  it('has the columns and rows we know', () => {
    expect(head).toEqual(['module', 'chip', 'algorithms'])
    expect(rows.map(([module]) => module?.toLowerCase().replace(' ', '-'))).toEqual(MODULES.map(({ module }) => module))
  })
  it.each(rows.map((row, i) => [row, MODULES[i]] as const))('%j', ([, chip, algorithms], module) => {
    expect(module?.chip).toBe(chip)
    expect(module?.algorithms).toEqual(algorithms === 'none' ? [] : algorithms?.split(', '))
  })
})

describe('Table II', () => {
  const [head, ...steps] = table('M5.1')
  const peers: readonly PeerPolicy[] = BOUNDARIES[0].peers
  it('has the columns and rows we know, in this order', () => {
    expect(head).toEqual(['step', ...peers.map(({ peer, words }) => (peer === 'handheld' ? words.en : peer))])
    expect(steps.map(([step]) => step)).toEqual(['pairing', 'authentication', 'encryption', 'integrity'])
  })
  it.each(steps.flatMap(([step, ...cells]) => cells.map((cell, i) => [step, i, cell] as const)))('%s of peer %i is %s', (step, i, cell) => {
    expect(peers[i]?.[step as 'pairing' | 'authentication' | 'encryption' | 'integrity']).toBe(cell)
  })
})

describe('Table III', () => {
  const [, named = '', authentication, encryption, integrity] =
    /: ([a-z ,]+): authentication (SM\d), encryption (SM\d), integrity (SM\d)\. A device outside control /.exec(paragraph('M5.2')) ?? []
  const peers: readonly PeerPolicy[] = BOUNDARIES[1].peers
  it('names our peers', () => {
    expect(named.split(', ').map((name) => name.replace(' ', '-'))).toEqual(peers.map(({ peer }) => peer))
  })
  it.each(peers.map((peer) => [peer.peer, peer] as const))('%s', (_name, peer) => {
    expect(peer).toMatchObject({ authentication, encryption, integrity })
    expect(peer.pairing).toBeUndefined()
  })
})

describe('Table IV', () => {
  const roles = paragraph('M5.5').replace(/^.*?: /, '').replace(/\.$/, '').split(/; (?=SM\d)/)
  it.each(roles.map((role, i) => [role, CIPHER_ROLES[i]] as const))('%s', (role, ours) => {
    expect(role.startsWith(`${ours?.cipher} ${ours?.type}`)).toBe(true)
    const bits = [...role.matchAll(/(\d+) bit/g)].map(([, count]) => Number(count))
    expect(bits).toEqual(ours?.tableBits === ours?.bits ? [ours?.bits] : [ours?.tableBits, ours?.bits])
    for (const word of ['data encryption', 'identification', 'signature and verification']) expect([word, ours?.use.en.includes(word)]).toEqual([word, role.includes(word)])
  })
  it('has one row for each', () => {
    expect(CIPHER_ROLES).toHaveLength(roles.length)
  })
})

it('M4.2: the seal', () => {
  const row = paragraph('M4.2')
  expect(row).toContain(`Electronic seal: ${SEAL.carrier.en}, ${SEAL.algorithms[0]};`)
  expect(row).toContain(`used at ${SEAL.usedAt.slice(0, -1).map(({ en }) => en).join(', ')} and ${SEAL.usedAt.at(-1)?.en};`)
  expect(/; ([a-z, -]+); used at/.exec(row)?.[1]?.split(', ')).toHaveLength(SEAL.properties.length)
})

it('M4.3: which modules are bound with the management module', () => {
  const [, pairs = ''] = /by cryptography: ([^;]+);/.exec(paragraph('M4.3')) ?? []
  const bound = pairs.split(', ').map((pair) => pair.replace(' with management', ''))
  expect(bound).toEqual(['metering', 'expansion'])
  for (const module of MODULES) expect([module.module, 'boundTo' in module]).toEqual([module.module, bound.some((name) => module.module.startsWith(name))])
})

it('M5.4: storage and transmission', () => {
  const [, encryption = '', integrity = '', chosen] = /transmission encrypted with ([^,]+), integrity by (.+ or SM\d), ([a-z ]+)\.$/.exec(paragraph('M5.4')) ?? []
  expect([encryption, integrity].map((list) => list.split(/, | or /))).toEqual([[...DATA_PROTECTION.transmission.encryption], [...DATA_PROTECTION.transmission.integrity]])
  expect(chosen).toBe(DATA_PROTECTION.transmission.chosenBy.en)
  expect(paragraph('M5.4')).toContain(`a MAC by a ${DATA_PROTECTION.storage.integrityType} algorithm`)
})

it('everything has a name in Chinese and in English, and known kinds of keys', () => {
  const missing: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    if ('en' in value || 'zh' in value) {
      const { en, zh } = value as { en?: string; zh?: string }
      // RFID and HPLC stand in Chinese texts as they are; the rest of the text must be Chinese.
      if (!en || !zh || !/\p{Script=Han}/u.test(zh) || /\p{Script=Han}/u.test(en)) missing.push(path)
      return
    }
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`)
  }
  visit({ MODULES, BOUNDARIES, CIPHER_ROLES, SEAL, DATA_PROTECTION, KEY_KINDS }, 'policy')
  expect(missing).toEqual([])
  const kinds = [...MODULES, SEAL, ...BOUNDARIES.flatMap(({ peers }): readonly PeerPolicy[] => peers)].flatMap(({ keys }): readonly string[] => keys)
  expect(kinds.filter((kind) => !(kind in KEY_KINDS))).toEqual([])
})
