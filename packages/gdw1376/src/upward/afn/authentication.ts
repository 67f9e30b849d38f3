import { hexOctets, listOf, nothing, restHex, sequence, sized, u16le, u8 } from '@zhuzhan/codec'
import { coded } from '../../wire/codes.js'
import { ending } from '../../wire/members.js'
import { allBut } from '../../wire/octets.js'
import { SESSIONS } from '../catalogue/codes.js'
import { row } from '../../afn-table.js'
import type { AfnTable, FnRow, Layout } from '../../afn-table.js'

/** F1 to F4 of 2009: 16 bytes, request or random. */
const Authentication = ending(sequence({ authentication: hexOctets(16) }), { key: 'authentication', size: 16 })
/** Answer of F5. */
const TerminalRandom = sequence({ random: hexOctets(8), esamSerial: hexOctets(8) })

/** Answer of F11. */
const TerminalInformation = sequence({
  chipSerial: hexOctets(8), certificateSerial: hexOctets(16), offlineCounter: hexOctets(4), certificateState: hexOctets(1), keyVersion: hexOctets(8),
})

const Session = sequence({ version: u8, session: coded(u8, SESSIONS) })

/** Message 1, of the certificate's length and 86. */
const Message1 = sequence(Session, { masterCertificate: allBut(16 + 4 + 64), encryptedRandom1: hexOctets(16), mac: hexOctets(4), signature: hexOctets(64) })
const SessionRequest = sequence({ message: sized(u16le, Message1) })

const SessionStart = sequence({
  crlSerial: hexOctets(16), masterCertificateSerial: hexOctets(16), terminalCertificate: allBut(16 + 64),
  encryptedRandom2: hexOctets(16), signature: hexOctets(64),
})
const SessionResume = sequence({ encryptedRandom2: hexOctets(16), random3: hexOctets(16), mac: hexOctets(4) })

/** Answer of F12: which of its two bodies follows is in the session byte; others are refused. */
const SessionAnswer: Layout = {
  readInto: (r, target) => {
    const at = r.offset
    Session.readInto(r, target)
    const { session } = target as { session: unknown }
    if (session !== 'start' && session !== 'resume') r.fail('session 0 or 1', at + 1)
    bodyOf(session).readInto(r, target)
  },
  read: (r) => {
    const target: Record<string, unknown> = {}
    SessionAnswer.readInto(r, target)
    return target
  },
  write: (w, value) => {
    Session.write(w, value)
    bodyOf((value as { session: unknown }).session).write(w, value)
  },
}

function bodyOf(session: unknown): Layout {
  return session === 'start' ? SessionStart : SessionResume
}

/** Message 3. */
const Message3 = sequence({ keyMaterial: hexOctets(113), certificateCheckCode: allBut(4 + 64), mac: hexOctets(4), signature: hexOctets(64) })
const KeyNegotiation = sequence({ message: sized(u16le, Message3) })
const KeyNegotiationAnswer = sequence({ sessionKeyData: hexOctets(16), mac: hexOctets(4) })
/** F14; the size of its MAC is not said, so it goes to the end. */
const KeyUpdate = sequence({ keys: listOf(hexOctets(32), { count: u8, least: 32 }), mac: restHex })
const CertificateUpdate = sequence({ certificateSerial: hexOctets(16), publicKey: hexOctets(64) })

const firmware = (fn: number, en: string, zh: string, layouts: Pick<FnRow, 'down' | 'up'>): FnRow =>
  row(fn, en, zh, { ...layouts, under: ['authenticationLayouts', 'firmware'] })

/** AFN 06: F1-F10 with RSA (2009), F11-F21 with SM2 and SM1 (2013). All from firmware code, UNSURE. Reference §A8. */
export const authentication: AfnTable = {
  afn: 0x06, en: 'Identity authentication and keys', zh: '身份认证及密钥协商',
  rows: [
    ...[1, 2, 3, 4].map((fn) =>
      firmware(fn, 'Authentication request or random (2009)', '身份认证请求/随机数(2009)', { down: Authentication, up: Authentication })),
    firmware(5, 'Terminal random (2009)', '取终端随机数(2009)', { down: nothing, up: TerminalRandom }),
    row(6, 'Public-key verification (2009)', '公钥验证(2009)'),
    row(7, 'Key update request (2009)', '密钥更新请求(2009)'),
    row(8, 'Key update (2009)', '密钥更新(2009)'),
    row(9, 'Register (2009)', '注册(2009)'),
    row(10, 'Asymmetric key update (2009)', '非对称密钥更新(2009)'),
    firmware(11, 'Terminal information', '获取终端信息', { down: nothing, up: TerminalInformation }),
    firmware(12, 'Start or resume a session', '会话初始化/恢复', { down: SessionRequest, up: SessionAnswer }),
    firmware(13, 'Session key negotiation', '会话密钥协商', { down: KeyNegotiation, up: KeyNegotiationAnswer }),
    firmware(14, 'Symmetric key update', '对称密钥更新', { down: KeyUpdate }),
    firmware(15, 'Terminal certificate update request', '终端证书更新请求', { down: nothing, up: CertificateUpdate }),
    row(16, 'CA certificate update', 'CA证书更新'),
    row(17, 'Internal authentication (local port)', '内部认证(本地口)'),
    row(18, 'External authentication (local port)', '外部认证(本地口)'),
    row(19, 'Certificate state switch', '证书状态切换(测试/正式)'),
    row(20, 'Offline counter', '离线计数器'),
    row(21, 'Transcription authorisation', '转加密授权'),
    ...[100, 101, 102].map((fn) => row(fn, 'Cryptographic module test of the ESAM', '密码模块测试')),
  ],
}
