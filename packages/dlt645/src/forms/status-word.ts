import type { Flag } from './flags.js'

/** Run status word 3 (04000503), what is polled after a control command. Bits of the other words are not in the reference. Reference §4.5. */
export const STATUS_WORD_3: readonly Flag[] = [
  { bit: 3, name: 'programming-enabled', en: 'programming enabled', zh: '编程允许' },
  { bit: 4, name: 'relay-open', en: 'relay open', zh: '继电器断开' },
  { bit: 6, name: 'relay-command-open', en: 'relay command: open', zh: '继电器命令为断' },
  { bit: 7, name: 'pre-trip-alarm', en: 'pre-trip alarm', zh: '预跳闸报警' },
  { bit: 8, name: 'meter-type-0', en: 'meter type, low bit', zh: '电能表类型低位' },
  { bit: 9, name: 'meter-type-1', en: 'meter type, high bit', zh: '电能表类型高位' },
  { bit: 12, name: 'keep-power', en: 'keep power', zh: '保电', when: [['keepPowerBit', '12']] },
  { bit: 13, name: 'keep-power', en: 'keep power', zh: '保电', when: [['keepPowerBit', '13']] },
]
