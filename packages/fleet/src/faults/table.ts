/** What can go wrong with a virtual device, one row a fault. All can be switched on and off while the fleet runs. */
export const FAULTS = {
  'silent': {
    on: ['terminal', 'meter'], options: {},
    does: 'A terminal stays connected and keeps its heartbeat, but answers nothing and reports nothing. A meter does not answer its terminal (DAR 33).',
  },
  'slow': { on: ['terminal'], options: { ms: 8_000 }, does: 'Every answer comes so much later.' },
  'garbage': { on: ['terminal'], options: { bytes: 60 }, does: 'Up to so many random bytes before each frame, false frame starts among them.' },
  'clock-off': { on: ['terminal', 'meter'], options: { ms: 3_600_000 }, does: 'The clock is so much ahead (negative: behind). Values stay those of the true moment.' },
  'duplicate-report': { on: ['terminal'], options: {}, does: 'Each report is sent twice, and once more after its confirmation.' },
  'replay': { on: ['terminal'], options: {}, does: 'With each new report an old, confirmed one is sent again, byte for byte.' },
  'wrong-mac': { on: ['terminal'], options: { every: 1 }, does: 'In every n-th protected APDU one bit of the MAC is wrong; a plain terminal sends a wrong FCS instead.' },
  'module-swapped': { on: ['terminal', 'meter'], options: { slot: 1 }, does: 'In this slot (0 management, 1 metering, 2 carrier, 3 expansion) is another module: its manifest shows another serial, with a MAC of a chip that nobody bound.' },
  'manifest-replay': { on: ['terminal', 'meter'], options: {}, does: 'Asked for its modules it sends the manifest of the time before, whatever the challenge.' },
  'manifest-repeats': { on: ['terminal', 'meter'], options: {}, does: 'Its module manifest has the first slot twice.' },
  'manifest-mac': { on: ['terminal', 'meter'], options: { slot: 1 }, does: 'In its module manifest one bit of the MAC of this slot is wrong.' },
  'field-lies': { on: ['meter'], options: {}, does: 'The devices at the boundaries of the meter tell of a hundred times too much.' },
  'field-replay': { on: ['meter'], options: {}, does: 'What the devices at its boundaries say is said a second time by somebody else.' },
  'reconnect-storm': { on: ['terminal'], options: { ms: 500 }, does: 'Logs in, hangs up after so long, connects again at once.' },
  'half-frame': { on: ['terminal'], options: { every: 3 }, does: 'Of every n-th frame only the first half is sent, the rest never.' },
  'byte-at-a-time': { on: ['terminal'], options: { ms: 1 }, does: 'One byte each so many milliseconds.' },
  'die-after-receive': {
    on: ['terminal'], options: { seconds: 5, acted: 1, times: 1 },
    does: 'Dies between receiving a control command and answering it: acts (or not), hangs up, is back after so many seconds. So many times, then it is well.',
  },
} as const satisfies Record<string, FaultRow>

export interface FaultRow {
  on: readonly ('terminal' | 'meter')[]
  /** Numbers that shape the fault, with their usual values. */
  options: Readonly<Record<string, number>>
  does: string
}

export type FaultName = keyof typeof FAULTS
export type FaultOptions<N extends FaultName = FaultName> = Record<keyof (typeof FAULTS)[N]['options'] & string, number>

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]

export function isFault(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}
