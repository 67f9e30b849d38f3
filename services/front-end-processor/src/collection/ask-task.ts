import { HesError, errorCode } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, ResultRecord } from '@zhuzhan/dlt698'
import type { CollectionPlan, MeterRecord } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type { Terminal } from '../terminals/terminal.js'
import { attemptTimeouts, createAnswerTime } from './answer-time.js'
import type { AnswerTime } from './answer-time.js'
import { joinBlocks, recordRequest, taskRecordsRequest } from './record-request.js'
import type { Task } from './task.js'

export interface AskerOptions {
  clock: Clock
  requestMs: number
  proxySeconds: number
}

/**
 * Sends the next request of a task and waits as long as answers take; an answer to an earlier request of the task counts as well.
 * @throws HesError TERMINAL_TIMEOUT when none came: while `asked` is below the number of time-outs it may be asked again
 */
export type Asker = (terminal: Terminal, plan: CollectionPlan, task: Task) => Promise<ResultRecord>

export function createAsker({ clock, requestMs, proxySeconds }: AskerOptions): Asker {
  const times = new WeakMap<Terminal, AnswerTime>()
  const ofAll = createAnswerTime()
  const timeOf = (terminal: Terminal): AnswerTime => {
    let time = times.get(terminal)
    if (!time) times.set(terminal, (time = createAnswerTime()))
    return time
  }

  const ask = async (terminal: Terminal, plan: CollectionPlan, task: Task): Promise<Apdu> => {
    if (task.came) return task.came
    const through = meterBehind(terminal, task)
    const offset = terminal.record.utcOffsetMinutes
    const record = task.way === 'records' ? taskRecordsRequest(plan, task.range, task.meters, offset) : recordRequest(plan, task.range, offset)
    const attempt = task.asked === 0 ? 'first' : 'repeat'
    if (task.asked === 0) task.timeouts = attemptTimeouts(timeOf(terminal).wait, ofAll.wait, requestMs + (through ? proxySeconds * 1000 : 0))
    let sentAt = 0
    const heard = (result: 'answered' | 'late'): void => {
      for (const time of [timeOf(terminal), ofAll]) time.observe(clock.monotonic() - sentAt)
      metric('fep_collection_attempts').add(task.meters.length, { attempt, result })
    }
    const asking = terminal.requests.ask({
      lane: 'collection',
      timeoutMs: task.timeouts[task.asked++] ?? requestMs,
      build: (piid): Apdu => {
        sentAt = clock.monotonic()
        return through
          ? { apdu: 'proxy-request', choice: 'get-record', piid, timeout: proxySeconds, tsa: tsaOf(through.address), record, timeTag: undefined }
          : { apdu: 'get-request', choice: 'record', piid, record, timeTag: undefined }
      },
      late: (answer) => {
        heard('late')
        task.onLate(answer)
      },
    }).then((answer) => {
      heard('answered')
      return answer
    }, (error: unknown) => {
      if (errorCode(error) === 'TERMINAL_TIMEOUT') metric('fep_collection_attempts').add(task.meters.length, { attempt, result: 'unanswered' })
      throw error
    })
    asking.catch(() => undefined)
    return Promise.race([asking, task.late])
  }

  return async (terminal, plan, task) => {
    const answer = await ask(terminal, plan, task)
    if (answer.apdu === 'proxy-response' && answer.choice === 'get-record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'record') return answer.record
    if (answer.apdu === 'get-response' && answer.choice === 'next') return joinBlocks(terminal, answer, requestMs)
    throw new HesError('DEVICE_REFUSED', `the answer was ${answer.apdu}`)
  }
}

/** The meter a request has to be handed on to; none when the terminal itself answers. */
function meterBehind(terminal: Terminal, { way, meters: [first] }: Task): MeterRecord | undefined {
  return way === 'meter' && first?.address !== terminal.address ? first : undefined
}
