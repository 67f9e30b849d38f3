import { contradiction } from '@zhuzhan/cost-control'
import type { CommandStore, CostDecisions } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'

const VOLTAGE = 0x20000201
const POWER = 0x20040201
const OADS = ['20000200', '20040200']
/** The switch has moved and the meter has measured anew. */
const SETTLED = "interval '60 seconds'"
const EXPIRES_MS = 3_600_000

/** Commands that were done in the last day; what was read of the meter since. A reading that may be a replay says nothing. */
const DONE = `SELECT p.id, p.account, p.meter, p.action, p.read_back AS "readBack", m.terminal_address AS terminal,
    (SELECT r.value::text FROM reading_value r WHERE r.meter_id = m.id AND r.item = ${POWER} AND r.time > p.closed_at + ${SETTLED} AND r.quality <> 'replay-unchecked' ORDER BY r.time DESC LIMIT 1) AS power,
    (SELECT max(r.value)::text FROM reading_value r WHERE r.meter_id = m.id AND r.item BETWEEN ${VOLTAGE} AND ${VOLTAGE + 2} AND r.quality <> 'replay-unchecked'
       AND r.time = (SELECT max(l.time) FROM reading_value l WHERE l.meter_id = m.id AND l.item BETWEEN ${VOLTAGE} AND ${VOLTAGE + 2} AND l.time > p.closed_at + ${SETTLED})) AS voltage
  FROM cost_proposal p JOIN meter m ON m.address = p.meter JOIN cost_account a ON a.account = p.account
  WHERE p.state = 'done' AND p.action IN ('trip', 'close') AND p.closed_at > $1 AND p.closed_at < $2 AND a.fault IS NULL
    AND NOT EXISTS (SELECT 1 FROM cost_proposal q WHERE q.account = p.account AND q.state = 'done' AND q.closed_at > p.closed_at)`

interface Done { id: string; account: string; meter: string; action: 'trip' | 'close'; readBack: string | null; terminal: string; power: string | null; voltage: string | null }

/** Reads power and voltage after a command that was verified; what contradicts the switch is a fault and stops its batch. */
export function createReadBacks({ pool, commands, decisions, queues }: { pool: pg.Pool; commands: CommandStore; decisions: CostDecisions; queues: Pick<Queues, 'add'> }) {
  const order = async ({ id, meter, terminal }: Done, now: number): Promise<void> => {
    const command = await commands.create({ meterAddress: meter, terminalAddress: terminal, action: 'read', parameters: { oads: OADS }, requestedBy: 'cost-control', reason: 'read-back after a command', expiresAt: new Date(now + EXPIRES_MS) })
    await pool.query('UPDATE cost_proposal SET read_back = $2 WHERE id = $1', [id, command.id])
    const queued = await commands.move(command.id, { from: ['accepted'], to: 'queued', who: 'cost-control' })
    // Were this lost, the front end's own look at what waits finds the row.
    if (queued) await queues.add('command.deliver', { commandId: command.id }).catch(() => undefined)
  }
  return {
    /** @returns faults found */
    run: async (now: number): Promise<number> => {
      const { rows } = await pool.query<Done>(DONE, [new Date(now - 86_400_000), new Date(now - 60_000)])
      let faults = 0
      for (const done of rows) {
        if (done.readBack === null) await order(done, now)
        const tenths = (text: string | null): number | undefined => (text === null ? undefined : Math.round(Number(text) * 10))
        const found = contradiction({ relay: done.action === 'trip' ? 'open' : 'closed', power: tenths(done.power), voltage: tenths(done.voltage) })
        if (found === undefined) continue
        await decisions.fault(done.account, found)
        faults += 1
      }
      return faults
    },
  }
}
export type ReadBacks = ReturnType<typeof createReadBacks>
