import { securityMode, securityModeWords } from './security-modes.js'

it.each([
  [0x8118, { get: ['plain'], set: ['cipher-mac'], action: ['cipher-mac'], last: ['plain'] }],
  [0xc000, { get: ['plain', 'plain-mac'], set: [], action: [], last: [] }],
  [0x4242, { get: ['plain-mac'], set: ['cipher'], action: ['plain-mac'], last: ['cipher'] }],
])('reads %i', (word, mode) => {
  expect(securityMode(word)).toEqual(mode)
})

it('says it in words', () => {
  expect(securityModeWords(0x8100)).toEqual({ en: 'reading plaintext, setting ciphertext with MAC', zh: '读取 明文, 设置 密文+MAC' })
  expect(securityModeWords(0)).toEqual({ en: '', zh: '' })
})
