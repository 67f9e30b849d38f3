import type { CostContract } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { Account, ChargeQuality, Contract, Money, Refusal } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { storedContract } from './contract-rows.js'

/** An account with the sums of its ledger. */
export interface CostAccount {
  id: string
  meter: string
  contract: Contract
  terms: CostContract
  payments: Money
  charges: Money
  reserved: Money
  balance: Money
  estimated: Money
  account: Account
  reading: { at: number; quality: ChargeQuality } | undefined
  refusals: Refusal[]
  chargedFrom: string
}

interface Row {
  account: string; meter: string; contract: unknown; payments: string; charges: string; reserved: string; balance: string; estimated: string
  state: Account['state']; episode: Date | null; alarm2: Date | null; overdue: Date | null; tripped: Date | null; reason: 'arrears' | 'safety' | null; inFlight: boolean; fault: string | null
  readingAt: Date | null; readingQuality: ChargeQuality | null; refusals: Refusal[]; chargedFrom: string
}

// bigint as text: the pool would make it a Number.
const COLUMNS = `account, meter, contract, payments::text, charges::text, reserved::text, balance::text, estimated::text, state, episode_since AS episode, alarm2_since AS alarm2,
  overdue_since AS overdue, last_tripped_at AS tripped, trip_reason AS reason, in_flight AS "inFlight", fault, reading_at AS "readingAt", reading_quality AS "readingQuality", refusals, to_char(charged_from, 'YYYY-MM-DD') AS "chargedFrom"`

const ms = (at: Date | null): number | undefined => at?.getTime()

function accountOf(row: Row): CostAccount {
  const { text, contract } = storedContract(row.contract)
  return {
    id: row.account, meter: row.meter, contract, terms: text, payments: BigInt(row.payments), charges: BigInt(row.charges), reserved: BigInt(row.reserved), balance: BigInt(row.balance), estimated: BigInt(row.estimated),
    account: {
      state: row.state, episodeSince: ms(row.episode), alarm2Since: ms(row.alarm2), overdueSince: ms(row.overdue), lastTrippedAt: ms(row.tripped), tripReason: row.reason ?? undefined, inFlight: row.inFlight, fault: row.fault ?? undefined,
    },
    reading: row.readingAt === null ? undefined : { at: row.readingAt.getTime(), quality: row.readingQuality ?? 'estimated' },
    refusals: row.refusals, chargedFrom: row.chargedFrom,
  }
}

/** Takes the row for the rest of the transaction. @throws HesError NOT_FOUND */
export async function lockAccount(client: pg.ClientBase, id: string): Promise<CostAccount> {
  const { rows: [row] } = await client.query<Row>(`SELECT ${COLUMNS} FROM cost_account WHERE account = $1 FOR UPDATE`, [id])
  if (!row) throw new HesError('NOT_FOUND', `There is no account ${id}.`)
  return accountOf(row)
}

export async function selectAccounts(client: pg.Pool | pg.ClientBase, where: string, values: readonly unknown[]): Promise<CostAccount[]> {
  return (await client.query<Row>(`SELECT ${COLUMNS} FROM cost_account WHERE ${where}`, [...values])).rows.map(accountOf)
}

const date = (at: number | undefined): Date | null => (at === undefined ? null : new Date(at))

/** Writes where an account stands. */
export async function saveAccount(client: pg.ClientBase, id: string, account: Account, refusals: readonly Refusal[]): Promise<void> {
  await client.query(
    `UPDATE cost_account SET state = $2, episode_since = $3, alarm2_since = $4, overdue_since = $5, last_tripped_at = $6, trip_reason = $7, in_flight = $8, fault = $9, refusals = $10, needs_look = false WHERE account = $1`,
    [id, account.state, date(account.episodeSince), date(account.alarm2Since), date(account.overdueSince), date(account.lastTrippedAt), account.tripReason ?? null, account.inFlight ?? false, account.fault ?? null, JSON.stringify(refusals)])
}
