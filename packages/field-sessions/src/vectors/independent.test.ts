import { readFileSync } from 'node:fs'
import { createEngine } from '@zhuzhan/gm-crypto'
import { decodePairingCode } from '../pairing-code.js'
import { makeVectors } from './make.js'
import { ascii, cat, ccm, cmac, ctr, hex, hmac, block, number4, prf, sm3, verifies } from './oracle.js'

interface Named {
  kind: string
  kindCode: number
  suite: number
  pid: string
  mid: string
}
interface Sm2Keys {
  devicePrivate: string
  devicePublic: string
  meterPrivate: string
  meterPublic: string
}
type Pairing = Named & { secret: string; request: string; answer: string; link: string } & Partial<Sm2Keys> & { root?: string; deviceKey?: string }
type Session = Named & Partial<Sm2Keys> & { link?: string; deviceEphemeral?: string; meterEphemeral?: string; auth: string; accept: string; records: { direction: 'up' | 'down'; seq: number; content: string; message: string }[] }
interface Vectors {
  pairingCodes: { kind: string; shownBy: string; id: string; secret: string; fingerprint: string; text: string }[]
  pairings: Pairing[]
  sessions: Session[]
  content: { direction: string; message: Record<string, unknown>; hex: string }[]
}
const file = JSON.parse(readFileSync(new URL('../../vectors/vectors-fsp1.json', import.meta.url), 'utf8')) as Vectors
const engine = createEngine('openssl')
afterAll(() => engine.close())

it('the file is what our code makes today', async () => {
  expect(JSON.parse(JSON.stringify(await makeVectors()))).toEqual(file)
}, 60_000)

const head = (c: Named, type: string): Buffer => hex(`f501${type}${c.kindCode.toString(16).padStart(2, '0')}${c.pid}${c.mid}`)
/** label || suite || head || parts. */
const input = (label: string, c: Named, type: string, ...parts: readonly Uint8Array[]): Buffer => cat(ascii(label), Buffer.of(c.suite), head(c, type), ...parts)
const ids = (c: Named): Buffer => cat(Buffer.of(c.kindCode, c.suite), Buffer.alloc(14), hex(c.pid), hex(c.mid), Buffer.alloc(16))
/** Cut a message into its head, which must be right, and fields of these lengths up to its end. */
function fields(c: Named, type: string, message: string, ...lengths: readonly number[]): Buffer[] {
  const bytes = hex(message)
  expect(bytes.subarray(0, 20)).toEqual(head(c, type))
  let at = 20
  const found = lengths.map((length) => bytes.subarray(at, (at += length)))
  expect(at).toBe(bytes.length)
  return found as Buffer[]
}
const none = Buffer.alloc(0)
const get = (value: string | undefined): Buffer => hex(value ?? '')

describe.each(file.pairings.map((p) => [`${p.kind}, suite ${p.suite}`, p] as const))('pairing of a %s', (_name, p) => {
  const halves = [['01', p.request, 'FSP1-PA1', 'FSP1-PT1', none], ['81', p.answer, 'FSP1-PA2', 'FSP1-PT2', hex(p.request).subarray(20)]] as const

  if (p.suite === 1) {
    it('signatures and tags', () => {
      const kp = hmac(hex(p.secret), ascii('FSP1-KPA'), ids(p))
      const nonces = halves.map(([type, message, proof, tagLabel, before], i) => {
        const [nonce = none, key = none, signature = none, tag] = fields(p, type, message, 16, 64, 64, 32)
        expect(cat(hex('04'), key).toString('hex')).toBe(i === 0 ? p.devicePublic : p.meterPublic)
        expect(verifies(`04${key.toString('hex')}`, input(proof, p, type, before, nonce, key), signature)).toBe(true)
        expect(tag).toEqual(hmac(kp, input(tagLabel, p, type, before, nonce, key, signature)))
        return nonce
      })
      expect(p.pid).toBe(sm3(get(p.devicePublic).subarray(1)).toString('hex').slice(0, 16))
      expect(p.link).toBe(hmac(hex(p.secret), ascii('FSP1-LNK'), ids(p), ...nonces, get(p.devicePublic).subarray(1), get(p.meterPublic).subarray(1)).toString('hex'))
    })
    return
  }
  it('device key, tags and link key', () => {
    const pid = hex(p.pid)
    expect(p.deviceKey).toBe(block(get(p.root), cat(pid, Buffer.from(pid.map((byte) => 255 - byte)))).toString('hex'))
    const [ki, kp] = [prf(get(p.deviceKey), 'FSP1-KID', ids(p)), prf(hex(p.secret), 'FSP1-KPA', ids(p))]
    const nonces = halves.map(([type, message, proof, tagLabel, before]) => {
      const [nonce = none, identityTag = none, tag] = fields(p, type, message, 16, 16, 16)
      expect(identityTag).toEqual(cmac(ki, input(proof, p, type, before, nonce)))
      expect(tag).toEqual(cmac(kp, input(tagLabel, p, type, before, nonce, identityTag)))
      return nonce
    })
    const inner = prf(get(p.deviceKey), 'FSP1-LK1', cat(...nonces, pid, hex(p.mid)))
    expect(p.link).toBe(prf(inner, 'FSP1-LK2', cat(hex(p.secret), Buffer.alloc(32))).toString('hex'))
  })
})

const recordOf = (c: Named, direction: 'up' | 'down', seq: number) => {
  const type = direction === 'up' ? '04' : '84'
  return { type, nonce: cat(Buffer.of(direction === 'up' ? 1 : 2), Buffer.alloc(7), number4(seq)), aad: input('FSP1-REC', c, type, number4(seq)) }
}

describe.each(file.sessions.map((s) => [`${s.kind}, suite ${s.suite}`, s] as const))('session of a %s', (_name, s) => {
  const seal = (key: { cipher: Buffer; mac?: Buffer }, direction: 'up' | 'down', seq: number, content: Buffer): Buffer => {
    const { type, nonce, aad } = recordOf(s, direction, seq)
    if (!key.mac) return cat(head(s, type), number4(seq), ccm(key.cipher, nonce, aad, content))
    const ciphertext = ctr(key.cipher, cat(nonce, Buffer.alloc(4)), content)
    return cat(head(s, type), number4(seq), ciphertext, hmac(key.mac, aad, ciphertext))
  }
  const expectRecords = (keys: Record<'up' | 'down', { cipher: Buffer; mac?: Buffer }>): void => {
    expect(s.records.length).toBeGreaterThan(3)
    for (const { direction, seq, content, message } of s.records) expect([seq, message]).toEqual([seq, seal(keys[direction], direction, seq, hex(content)).toString('hex')])
  }

  if (s.suite === 2 || s.suite === 4) {
    it('tags, keys and records', () => {
      const [nD = none, slot = none, cookie = none, tagA] = fields(s, '03', s.auth, 16, 4, 16, 16)
      const [nS = none, seconds = none, tagB] = fields(s, '83', s.accept, 16, 4, 16)
      const [ka, ks] = [prf(get(s.link), 'FSP1-KAU', ids(s)), prf(get(s.link), 'FSP1-KSE', ids(s))]
      expect(tagA).toEqual(cmac(ka, input('FSP1-AU1', s, '03', nD, slot, cookie)))
      expect(tagB).toEqual(cmac(ka, input('FSP1-AU2', s, '83', hex(s.auth).subarray(20), nS, seconds)))
      expect(seconds.readUInt32BE(0)).toBe(3_600)
      const context = cat(nD, nS, hex(s.pid), hex(s.mid))
      expectRecords({ up: { cipher: prf(ks, 'FSP1-KUP', context) }, down: { cipher: prf(ks, 'FSP1-KDN', context) } })
    })
    return
  }
  it('signatures, agreement by another engine from both ends, keys and records', async () => {
    const linked = s.suite === 1
    const [nD = none, slot = none, cookie = none, rD = none, sigD = none, linkTag] = fields(s, '03', s.auth, 16, 4, 16, 64, 64, ...(linked ? [32] : []))
    const [rM = none, confirmation = none, seconds = none, sigM = none] = fields(s, '83', s.accept, 64, 32, 4, 64)
    expect(verifies(s.devicePublic ?? '', input('FSP1-AU1', s, '03', nD, slot, cookie, rD), sigD)).toBe(true)
    if (linked) expect(linkTag).toEqual(hmac(get(s.link), input('FSP1-AL1', s, '03', nD, slot, cookie, rD, sigD)))
    expect(verifies(s.meterPublic ?? '', input('FSP1-AU2', s, '83', hex(s.auth).subarray(20), rM, confirmation, seconds), sigM)).toBe(true)

    const point = (xy: Uint8Array): Buffer => cat(hex('04'), xy)
    const device = { privateKey: get(s.devicePrivate), publicKey: get(s.devicePublic), id: hex(s.pid), ephemeral: { privateKey: get(s.deviceEphemeral), publicKey: point(rD) } }
    const meter = { privateKey: get(s.meterPrivate), publicKey: get(s.meterPublic), id: hex(s.mid), ephemeral: { privateKey: get(s.meterEphemeral), publicKey: point(rM) } }
    const seen = ({ publicKey, id, ephemeral }: typeof device) => ({ publicKey, id, ephemeral: ephemeral.publicKey })
    const [a, b] = [await engine.agree({ initiator: true, own: device, peer: seen(meter), keyLength: 32 }), await engine.agree({ initiator: false, own: meter, peer: seen(device), keyLength: 32 })]
    expect([a.key.equals(b.key), a.sB.equals(confirmation)]).toEqual([true, true])

    const th = sm3(ascii('FSP1-TRS'), Buffer.of(s.suite), hex(s.auth), hex(s.accept))
    const key = (label: string): Buffer => hmac(a.key, ascii(label), th, ids(s))
    expectRecords(linked
      ? { up: { cipher: key('FSP1-EUP').subarray(0, 16), mac: key('FSP1-AUP') }, down: { cipher: key('FSP1-EDN').subarray(0, 16), mac: key('FSP1-ADN') } }
      : { up: { cipher: key('FSP1-KUP').subarray(0, 16) }, down: { cipher: key('FSP1-KDN').subarray(0, 16) } })
  })
})

it('pairing codes: base32 of version, kind, side, id, secret, fingerprint and CRC-16/X-25', () => {
  for (const { text, kind, shownBy, id, secret, fingerprint } of file.pairingCodes) {
    const bits = [...text.slice(5)].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
    const bytes = Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [])
    let crc = 0xffff
    for (const byte of bytes.subarray(0, 43)) for (let bit = 0; bit < 8; bit++) crc = ((crc ^ (byte >> bit)) & 1) ? (crc >> 1) ^ 0x8408 : crc >> 1
    expect(bytes.toString('hex')).toBe(`01${kind === 'phone' ? '01' : '02'}${shownBy === 'meter' ? '00' : '01'}${id}${secret}${fingerprint}${((crc ^ 0xffff) & 0xffff).toString(16).padStart(4, '0')}`)
    expect(decodePairingCode(text).secret.toString('hex')).toBe(secret)
  }
})

it('contents, byte by byte as the document says', () => {
  const n = (value: number, bytes: number): string => (value < 0 ? 2 ** (8 * bytes) + value : value).toString(16).padStart(bytes * 2, '0')
  const list = (items: { object: number; value: number }[]): string => n(items.length, 1) + items.map(({ object, value }) => n(object, 2) + n(value, 4)).join('')
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the messages of a JSON file
  const forms: Record<string, (m: any) => string> = {
    'up confirm': (m) => `00${n(m.id, 4)}`,
    'up report': (m) => `01${n(m.id, 4)}${n(m.at, 4)}${list(m.items)}`,
    'up read': (m) => `02${n(m.id, 4)}${n(m.objects.length, 1)}${m.objects.map((code: number) => n(code, 2)).join('')}`,
    'up result': (m) => `03${n(m.re, 4)}${n(m.result, 1)}`,
    'up pairing-code': (m) => `05${n(m.id, 4)}${n(m.code.length, 1)}${Buffer.from(m.code).toString('hex')}`,
    'up bye': () => '0f',
    'down answer': (m) => `81${n(m.re, 4)}${n(m.result, 1)}${n(m.now, 4)}${list(m.items)}`,
    'down command': (m) => `83${n(m.id, 4)}${n(m.expires, 4)}${n(m.object, 2)}${n(m.value, 4)}`,
    'down bye': () => '8f',
  }
  for (const { direction, message, hex: bytes } of file.content) expect([message['service'], bytes]).toEqual([message['service'], forms[`${direction} ${String(message['service'])}`]?.(message)])
  expect(file.content).toHaveLength(Object.keys(forms).length)
})
