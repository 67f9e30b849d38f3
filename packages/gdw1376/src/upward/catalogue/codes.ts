import { codeTable } from '../../wire/codes.js'

/** Error of 00 F4; other numbers are UNSURE and stay numbers. Reference §A4. */
export const AUTHENTICATION_ERRORS = codeTable({
  1: ['signature', 'signature wrong', '签名错误'],
  2: ['ciphertext', 'ciphertext wrong', '密文错误'],
  3: ['mac', 'MAC wrong', 'MAC校验错误'],
})

/** Protocol of a meter in 04 F10. Reference §A6. */
export const METER_PROTOCOLS = codeTable({
  1: ['dlt645-1997', 'DL/T 645-1997', 'DL/T 645-1997'],
  2: ['ac-sampling', 'AC sampling device', '交流采样装置'],
  30: ['dlt645-2007', 'DL/T 645-2007', 'DL/T 645-2007'],
  31: ['carrier', 'carrier module', '窄带低压载波通信模块'],
})

/** Relay state in 0C F161. Reference §A9. */
export const RELAY_STATES = codeTable({ 0x00: ['off', 'power off', '断电'], 0x11: ['on', 'power on', '通电'] })

/** Interval between the points of a curve. Reference §A10. */
export const DENSITIES = codeTable({
  1: ['15-minutes', 'every 15 minutes', '15分钟'],
  2: ['30-minutes', 'every 30 minutes', '30分钟'],
  3: ['60-minutes', 'every 60 minutes', '60分钟'],
})

/** Minutes between points, by the word of DENSITIES. */
export const DENSITY_MINUTES: Readonly<Record<string, number>> = { '15-minutes': 15, '30-minutes': 30, '60-minutes': 60 }

/** How a session begins in message 1 of 06 F12. Reference §A8. */
export const SESSIONS = codeTable({ 0: ['start', 'start of a session', '建立会话'], 1: ['resume', 'resumption of a session', '恢复会话'] })
