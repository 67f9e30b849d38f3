import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { testEngine } from '../../conformance/rig.js'
import { readKeysFile, readPasswords } from './keys-file.js'
import { cipherSize, decodeCipher, decodePublicKey, decodeSignature, encodePublicKey, encodeSignature, publicKeySize, signatureSize } from './layout.js'
import { algorithmId, builtInModels, loadModel } from './model.js'

const folder = mkdtempSync(join(tmpdir(), 'sdf-model-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
  testEngine().close()
})
const file = (name: string, content: unknown, mode = 0o600): string => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode })
  return join(folder, name)
}
const INVALID = { code: 'CONFIG_INVALID' }
const wide = loadModel('gmt0018')
const narrow = loadModel('gmt0018-256')

describe('device models', () => {
  it('are complete, each of the built-in ones', () => {
    expect(Object.keys(builtInModels())).toContain('gmt0018')
    for (const model of Object.values(builtInModels())) {
      expect(model.ciphers.SM4).toBeDefined()
      expect([256, 512]).toContain(model.fieldBits)
    }
  })

  it('number algorithms as GM/T 0006 does, base and mode', () => {
    expect((['ecb', 'cbc', 'mac'] as const).map((mode) => algorithmId(wide, 'SM4', mode))).toEqual([0x401, 0x402, 0x410])
    expect(algorithmId(wide, 'SM1', 'ecb')).toBe(0x101)
    expect(algorithmId(loadModel('gmt0018-sm4-2000'), 'SM4', 'ecb')).toBe(0x2001)
    expect(wide.sm2).toEqual({ sign: 0x20200, encrypt: 0x20800 })
  })

  it('have SM7 only where a table was chosen that names it: its id is not certain', () => {
    expect(() => algorithmId(wide, 'SM7', 'ecb')).toThrow(RangeError)
    expect(algorithmId(loadModel('gmt0018-sm7-8000'), 'SM7', 'cbc')).toBe(0x8002)
    expect(algorithmId(loadModel('gmt0018-sm7-1000'), 'SM7', 'cbc')).toBe(0x1002)
  })

  it('stand in docs/security/hardware.md as they are', () => {
    const page = readFileSync(new URL('../../../../../docs/security/hardware.md', import.meta.url), 'utf8')
    const shown = [...page.matchAll(/^\| `(gmt0018[\w-]*)` \| (.+) \|$/gm)].map(([, name, cells]) => [name, ...(cells ?? '').split(' | ')])
    const id = (value: number | undefined) => (value === undefined ? '-' : `0x${value.toString(16)}`)
    const rows = Object.values(builtInModels()).map(({ name, fieldBits, ciphers, sm2, kek, rootKeys }) => [
      ...[name, String(fieldBits), id(ciphers.SM4?.base), id(ciphers.SM1?.base), id(ciphers.SM7?.base)],
      ...[id(sm2.sign), id(sm2.encrypt), id(kek.algorithm), rootKeys],
    ])
    expect(shown).toEqual(rows)
  })

  it('can be files that state their difference', () => {
    const own = loadModel(file('own.json', { extends: 'gmt0018', source: 'a test', fieldBits: 256, sm2: { sign: '0x20100' } }))
    expect(own).toMatchObject({ fieldBits: 256, sm2: { sign: 0x20100, encrypt: 0x20800 }, ciphers: { SM4: { base: 0x400 } } })
  })

  it.each([
    ['an unknown name', 'no-such-model'],
    ['a name of the prototype', '__proto__'],
    ['a missing file', join(folder, 'nowhere.json')],
    ['a file with an unknown member', file('member.json', { extends: 'gmt0018', source: 's', fieldbits: 256 })],
    ['a file that extends nothing and says too little', file('little.json', { source: 's', fieldBits: 256 })],
    ['a file that extends itself', file('self.json', { extends: join(folder, 'self.json'), source: 's' })],
    ['an id that is a number', file('id.json', { extends: 'gmt0018', source: 's', sm2: { sign: 1 } })],
    ['a symbol with code in it', file('symbol.json', { extends: 'gmt0018', source: 's', keyHandle: 'f(); system' })],
  ])('refuse %s', (_what, name) => {
    expect(() => loadModel(name)).toThrow(expect.objectContaining(INVALID) as Error)
  })
})

describe('structures', () => {
  const symbol = 'SDF_Test'
  const layout = expect.objectContaining({ result: 'layout', symbol }) as Error

  it('have the sizes of GM/T 0018', () => {
    expect([publicKeySize(wide), signatureSize(wide), cipherSize(wide, 16)]).toEqual([132, 128, 180])
    expect([publicKeySize(narrow), signatureSize(narrow), cipherSize(narrow, 16)]).toEqual([68, 64, 116])
  })

  it.each([wide, narrow])('carry points and signatures in either form: $name', async (model) => {
    const { publicKey } = await testEngine().generateKeyPair()
    const bytes = encodePublicKey(model, publicKey)
    expect(bytes.readUInt32LE()).toBe(256)
    expect(decodePublicKey(model, bytes, symbol)).toEqual(publicKey)
    const part = fc.uint8Array({ minLength: 64, maxLength: 64 }).filter((raw) => raw.subarray(0, 32).some(Boolean) && raw.subarray(32).some(Boolean))
    fc.assert(fc.property(part, (raw) => expect(decodeSignature(model, encodeSignature(model, raw), symbol)).toEqual(Buffer.from(raw))))
  })

  it('are not believed when a field has something before its value, the length is another, or the point is none', async () => {
    const { publicKey } = await testEngine().generateKeyPair()
    const bytes = encodePublicKey(wide, publicKey)
    for (const at of [0, 4, 35, 36, 67, 68, 99, 100, 131]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => decodePublicKey(wide, changed, symbol)).toThrow(layout)
    }
    expect(() => decodeSignature(wide, Buffer.alloc(128), symbol)).toThrow(layout)
    expect(() => decodeCipher(wide, Buffer.alloc(180), 16, symbol)).toThrow(layout)
  })

  it('never give a point from random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 132, maxLength: 132 }), (raw) => expect(() => decodePublicKey(wide, Buffer.from(raw), symbol)).toThrow(layout)))
  })
})

describe('the keys file', () => {
  const good = { station: 1, audit: 2, roots: [{ keyState: 1, keyVersion: 1, purpose: 'session', index: 1 }] }

  it('is read', () => {
    expect(readKeysFile(file('keys.json', good))).toMatchObject({ ...good, working: [], certificates: {} })
  })

  it.each([
    ['no roots', { ...good, roots: [] }],
    ['a root twice', { ...good, roots: [...good.roots, ...good.roots] }],
    ['an unknown purpose', { ...good, roots: [{ ...good.roots[0], purpose: 'everything' }] }],
    ['a version of 0', { ...good, roots: [{ ...good.roots[0], keyVersion: 0 }] }],
    ['a password in the wrong place', { ...good, password: 'x' }],
    ['a working key of no known cipher', { ...good, working: [{ name: 'a', algorithm: 'SM9', index: 1 }] }],
    ['a certificate that is not there', { ...good, certificates: { station: 'nowhere.pem' } }],
    ['no JSON', '{'],
  ])('is refused with %s', (_what, content) => {
    expect(() => readKeysFile(file('bad.json', content))).toThrow(expect.objectContaining(INVALID) as Error)
  })
})

describe('the password file', () => {
  it('has one line for each key; passwords may hold spaces', async () => {
    const path = file('passwords', '# comment\n\n1 first one\r\n22   second\n')
    expect(await readPasswords(path, [1, 22], true)).toEqual(new Map([[1, Buffer.from('first one')], [22, Buffer.from('second')]]))
    await expect(readPasswords(path, [1, 2], false)).rejects.toMatchObject(INVALID)
  })

  it('may be read by its owner only, in production', async () => {
    const path = file('open', '1 first\n', 0o644)
    // Seen failing without the mode check of readSecretFile.
    await expect(readPasswords(path, [1], true)).rejects.toMatchObject(INVALID)
    await expect(readPasswords(path, [1], false)).resolves.toBeDefined()
  })
})
