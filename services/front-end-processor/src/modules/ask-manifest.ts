import { HesError, errorCode } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { Apdu } from '@zhuzhan/dlt698'
import type { MeterSessions } from '../meters/meter-sessions.js'
import type { Terminal } from '../terminals/terminal.js'

/** F100 method 3: what the machine seals; the front end only recognizes the answer. */
const CHIP_OPERATION = 'F1000300'

/** In the terminal's present session, behind everything else that it is asked. The verdict comes with the answer. @throws HesError */
export async function askTerminal({ secure, requests }: Terminal, timeoutMs: number): Promise<void> {
  if (!secure?.ready) throw new HesError('TERMINAL_OFFLINE')
  await judged(requests.ask({
    lane: 'collection', timeoutMs,
    build: (piid): Apdu => ({ apdu: 'action-request', choice: 'normal', piid, omd: CHIP_OPERATION, parameter: { type: 'null' }, timeTag: undefined }),
    seal: (piid) => secure.manifestSeal(piid),
  }))
}

/** A meter behind a terminal, in a session of its own that lives for this one question. @throws HesError */
export async function askMeter(terminal: Terminal, meter: string, { machine, meterSessions }: { machine: CryptoMachine; meterSessions: MeterSessions }): Promise<void> {
  if (terminal.secure && !terminal.secure.ready) throw new HesError('TERMINAL_OFFLINE')
  await meterSessions.alone(terminal, meter, async () => {
    const session = await meterSessions.open(terminal, meter, 'collection')
    try {
      await judged(session.exchange(outcomeValue<'manifestSeal'>((await machine.manifestSeal([{ handle: session.handle, piid: 0 }]))[0]).apdu))
    } finally {
      session.end()
    }
  })
}

/** An authentic refusal is an answer, too: the machine has judged it. */
async function judged(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (errorCode(error) !== 'DEVICE_REFUSED') throw error
  }
}
