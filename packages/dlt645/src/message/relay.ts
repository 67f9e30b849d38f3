import { hexOctets, sequence } from '@zhuzhan/codec'
import type { Codec, Words } from '@zhuzhan/codec'
import { moment } from '../forms/moments.js'
import { allBut, bySize } from './combinators.js'
import { byLevel } from './by-level.js'
import { flags } from '../forms/flags.js'
import { EXECUTED, ERR, REFUSED } from './errors.js'
import { Mac, credentials } from './members.js'

export interface RelayCommandRow extends Words {
  n1: string
  name: string
}

/** N1. Reference §5.1. */
export const RELAY_COMMANDS = [
  { n1: '1A', name: 'trip', en: 'trip', zh: '跳闸' },
  { n1: '1B', name: 'allow-close', en: 'allow close: the user presses the button', zh: '允许合闸' },
  { n1: '1C', name: 'close', en: 'direct close', zh: '直接合闸' },
  { n1: '1D', name: 'trip-then-close', en: 'trip, after N2 x 5 minutes direct close', zh: '跳闸,N2×5分钟后直接合闸' },
  { n1: '1E', name: 'trip-then-allow-close', en: 'trip, after N2 x 5 minutes allow close', zh: '跳闸,N2×5分钟后允许合闸' },
  { n1: '2A', name: 'alarm-on', en: 'alarm', zh: '报警' },
  { n1: '2B', name: 'alarm-off', en: 'alarm off', zh: '报警解除' },
  { n1: '3A', name: 'keep-power-on', en: 'keep power', zh: '保电' },
  { n1: '3B', name: 'keep-power-off', en: 'keep power off', zh: '保电解除' },
] as const satisfies readonly RelayCommandRow[]

export type RelayCommand = (typeof RELAY_COMMANDS)[number]['name']

const byN1 = new Map<string, string>(RELAY_COMMANDS.map((row) => [row.n1, row.name]))
const byName = new Map<string, string>(RELAY_COMMANDS.map((row) => [row.name, row.n1]))
const N1 = hexOctets(1)

/** A command's name; its two digits when it has none. */
const Command: Codec<string> = {
  read: (r) => {
    const n1 = N1.read(r)
    return byN1.get(n1) ?? n1
  },
  write: (w, name) => N1.write(w, byName.get(name) ?? name),
}

/** N1 to N8: when the command is void stands low byte first, seconds in front. */
export const RelayPlain = sequence({ command: Command, n2: hexOctets(1), validUntil: moment('YYMMDDhhmmss') })

/** Class 98: the whole of ciphertext and MAC is reversed, so the MAC comes first. Byte-exact in a recorded frame. Reference §5.2. */
const Sealed = sequence({ mac: Mac, cipher: allBut(0, 'low-first') })

/** Class 99, plaintext and MAC: what is known of it is §5.3; the plaintext's own order is not, so it stays bytes. */
const Signed = sequence({ data: allBut(4), mac: Mac })

export const ControlRequest = sequence(credentials, byLevel({ 98: Sealed, 99: Signed }, RelayPlain))

/** Normally nothing; two bytes from meters with the extended result. Reference §5.4. */
export const ControlReply = bySize({ 0: {}, 2: { executed: flags(2, EXECUTED) } })
export const ControlError = bySize({ 1: { errors: flags(1, ERR) }, 2: { refused: flags(2, REFUSED) } })
