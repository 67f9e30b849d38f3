import { HesError } from '@zhuzhan/core'
import { DecodeError, decodeApdu } from '@zhuzhan/dlt698'
import type { Apdu } from '@zhuzhan/dlt698'
import { commandIsRead } from './trans-command.js'

/** Tasks of §7.4. The number travels in the attach field and decides tag length, mode and ticket. */
export const TASKS = {
  2: { name: 'security-parameters', ticket: 'two-people' },
  3: { name: 'read', ticket: 'none' },
  5: { name: 'parameters', ticket: 'yes' },
  6: { name: 'files', ticket: 'yes' },
  7: { name: 'keys', ticket: 'job' },
  8: { name: 'control', ticket: 'two-people' },
} as const satisfies Record<number, { name: string; ticket: 'none' | 'yes' | 'job' | 'two-people' }>
export type Task = keyof typeof TASKS

export function isTask(value: number): value is Task {
  return value in TASKS
}

/**
 * The task of an APDU, computed from its bytes: by the machine before sealing, by the meter after the MAC. What a
 * caller claims counts for nothing.
 * @throws HesError TICKET_REFUSED for unknown services, mixed lists, unusual length forms, and what does not parse to the last byte
 */
export function taskOf(bytes: Uint8Array): Task {
  return readTask(bytes).task
}

/** The same with the decoded APDU, for a receiver that goes on with it. */
export function readTask(bytes: Uint8Array): { task: Task; apdu: Apdu } {
  let apdu: Apdu
  try {
    apdu = decodeApdu(bytes)
  } catch (error) {
    if (error instanceof DecodeError) throw refused('does not parse to the last byte')
    throw error
  }
  // A length in a long form is legal on the wire, but two parsers may read it differently: nothing we seal has one.
  if (apdu.quirks) throw refused('unusual encoding')
  return { task: taskOfApdu(apdu), apdu }
}

function taskOfApdu(apdu: Apdu): Task {
  switch (apdu.apdu) {
    case 'get-request':
    case 'release-request':
      return 3
    case 'set-request':
      return apdu.choice === 'normal' ? taskOfSet(apdu.oad) : oneTask(apdu.items.map((item) => taskOfSet(item.oad)))
    case 'action-request':
      return apdu.choice === 'normal' ? taskOfCall(apdu) : oneTask(apdu.items.map(taskOfCall))
    case 'proxy-request':
      switch (apdu.choice) {
        case 'get-list':
        case 'get-record':
          return 3
        case 'set-list':
        case 'set-then-get-list':
          return oneTask(apdu.targets.flatMap((target) => target.items.map((item) => taskOfSet(item.oad))))
        case 'action-list':
        case 'action-then-get-list':
          return oneTask(apdu.targets.flatMap((target) => target.actions.map((call) => proxied(taskOfCall(call)))))
        case 'trans-command':
          return commandIsRead(apdu.command) ? 3 : 8
      }
      throw refused('unknown choice')
    default:
      throw refused('this service may not be sealed')
  }
}

const oiOf = (descriptor: string): number => Number.parseInt(descriptor.slice(0, 4), 16)

function taskOfSet(oad: string): Task {
  return taskOfObject(oiOf(oad))
}

/** Reading the module manifest and ending the session are reads; key and certificate methods belong to rotation jobs. */
function taskOfCall({ omd, parameter }: { omd: string; parameter: { type: string; sid?: string } }): Task {
  if (oiOf(omd) !== 0xf100) return taskOfObject(oiOf(omd))
  if (omd.endsWith('00')) {
    const method = Number.parseInt(omd.slice(4, 6), 16)
    if (method === 3 && parameter.type === 'sid' && parameter.sid === 'F1050000') return 3
    if (method === 5) return 3
    if (method === 7 || method === 8) return 7
  }
  return 2
}

function taskOfObject(oi: number): Task {
  if (oi >= 0x8000 && oi <= 0x81ff) return 8
  if (oi === 0xf100 || oi === 0xf101) return 2
  if (oi >= 0xf000 && oi <= 0xf002) return 6
  return 5
}

/** A method behind a terminal is never a mere read: the terminal would run it for us. */
function proxied(task: Task): Task {
  return task === 3 ? 2 : task
}

/** All items have one task. @throws HesError TICKET_REFUSED for an empty or mixed list (§7.14) */
function oneTask(tasks: readonly Task[]): Task {
  const [first] = tasks
  if (first === undefined) throw refused('empty list')
  if (tasks.some((task) => task !== first)) throw refused('tasks mixed in one list')
  return first
}

function refused(why: string): HesError {
  return new HesError('TICKET_REFUSED', `no task: ${why}`)
}
