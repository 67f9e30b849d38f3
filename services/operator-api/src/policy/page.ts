import { BOUNDARIES, CIPHER_ROLES, MODULES, SEAL, isHardwareCipher } from '@zhuzhan/policy'
import type { Cipher, PeerPolicy, Words } from '@zhuzhan/policy'

/** Tables I to IV for people, in both languages. Nothing on it depends on a station. */
export function policyPage(): string {
  const peers = BOUNDARIES.map(({ words, order, peers: all }) => `<h2>${both(words)}</h2><p>${both(order)}</p>
${table([T.peer, T.pairing, T.authentication, T.encryption, T.integrity, T.access], all.map((peer: PeerPolicy) => [
    both(peer.words) + (peer.outsideControl ? `<br><small>${both(T.outside)}</small>` : ''), peer.pairing ?? '—', cipher(peer.authentication), cipher(peer.encryption), cipher(peer.integrity), both(peer.access),
  ]))}`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Policy matrix 密码策略</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:3rem auto;padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%}
td,th{padding:.3rem 1rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}.hw{color:#a11}small{color:#666}</style></head><body>
<h1>${both(T.title)}</h1>
<p>${both(T.intro)}</p>
<h2>${both(T.modules)}</h2>
${table([T.module, T.chip, T.algorithms, T.access], MODULES.map(({ words, chipWords, algorithms, access }) => [both(words), both(chipWords), list(algorithms), both(access)]))}
<p>${both(SEAL.words)}: ${escapeHtml(SEAL.carrier.en)}, ${list(SEAL.algorithms)}</p>
${peers.join('\n')}
<h2>${both(T.ciphers)}</h2>
${table([T.cipher, T.type, T.bits, T.use], CIPHER_ROLES.map(({ cipher: name, typeWords, bits, use }) => [cipher(name), both(typeWords), String(bits), both(use)]))}
<p><a href="/start">Zhuzhan 主站</a></p>
</body></html>
`
}

const T = {
  title: { en: 'Policy matrix', zh: '密码策略矩阵' },
  intro: { en: 'Which algorithms protect which module and boundary. SM1 and SM7 run inside a GM/T 0018 device or not at all.', zh: '各模组与边界的密码算法。SM1、SM7 仅在符合 GM/T 0018 的设备中运行。' },
  modules: { en: 'Modules of the meter', zh: '电能表模组' },
  ciphers: { en: 'Algorithms', zh: '密码算法' },
  module: { en: 'module', zh: '模组' },
  chip: { en: 'chip', zh: '芯片' },
  algorithms: { en: 'algorithms', zh: '算法' },
  access: { en: 'access', zh: '访问控制' },
  peer: { en: 'peer', zh: '对端' },
  pairing: { en: 'pairing', zh: '配对' },
  authentication: { en: 'identity authentication', zh: '身份认证' },
  encryption: { en: 'encryption', zh: '数据加密' },
  integrity: { en: 'integrity', zh: '完整性保护' },
  outside: { en: 'outside control', zh: '非受控设备' },
  cipher: { en: 'algorithm', zh: '算法' },
  type: { en: 'type', zh: '类型' },
  bits: { en: 'bits', zh: '位' },
  use: { en: 'use', zh: '用途' },
} as const satisfies Record<string, Words>

const both = ({ en, zh }: Words): string => `${escapeHtml(en)}<br><span lang="zh">${escapeHtml(zh)}</span>`
const cipher = (name: Cipher): string => (isHardwareCipher(name) ? `<span class="hw">${name}</span>` : name)
const list = (names: readonly Cipher[]): string => names.map(cipher).join(', ') || '—'

function table(head: readonly Words[], rows: readonly string[][]): string {
  return `<table><tr>${head.map((words) => `<th>${both(words)}</th>`).join('')}</tr>
${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')}</table>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
