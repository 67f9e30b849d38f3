import type { CostContract } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { arrearsOf, booked, chargeEntry, dayCharges, lateFeeEntry, mirrorEntry, moneyText, overdueSince, reversalEntry, totalsOf } from '@zhuzhan/cost-control'
import type { ChargeQuality, Entry, EntryKind, Money } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { storableJson } from '../storable.js'
import { contractOf } from './contract-rows.js'
import { lockAccount, selectAccounts } from './rows.js'
import type { CostAccount } from './rows.js'
import { withdrawCommands } from './withdraw.js'

export interface DayChargeInput {
  day: LocalDay
  amount: Money
  quality: ChargeQuality
  /** Time of the register at the day's end. */
  readAt: number
  detail?: Record<string, unknown>
}

/** Accounts and their append-only ledger. Every booking is one transaction with the sums of the account; a key is booked once. */
export interface CostLedger {
  /** @throws HesError EXISTS_ALREADY, BODY_INVALID */
  open(given: { account: string; meter: string; contract: CostContract; chargedFrom: LocalDay }, who: string): Promise<CostAccount>
  /** @throws HesError NOT_FOUND, BODY_INVALID */
  change(account: string, contract: CostContract, who: string, reason: string): Promise<CostAccount>
  find(account: string): Promise<CostAccount | undefined>
  /**
   * A payment, refund, reserve or release with the number its origin gave it. Said again it changes nothing.
   * @returns whether it is new
   * @throws HesError NOT_FOUND, EXISTS_ALREADY when the number stands for something else, DATA_REFUSED over the hoarding limit
   */
  pay(account: string, given: { kind: Extract<EntryKind, 'payment' | 'refund' | 'reserve' | 'release'>; number: string; amount: Money; reason?: string }, who: string, now: number): Promise<{ fresh: boolean; after: CostAccount }>
  /** Makes the charge of a day what its readings say. @returns whether an entry was needed */
  charge(account: string, charge: DayChargeInput, now: number): Promise<boolean>
  /** Takes the booked charge of a day back, whose registers carry it no more. @param readAt end of the day @returns whether an entry was needed */
  reverse(account: string, gone: { day: LocalDay; readAt: number; why: string }, now: number): Promise<boolean>
  /** The remaining amount a meter in local mode gave. */
  mirror(account: string, remaining: Money, readAt: number, now: number): Promise<boolean>
  /** Of one local day, when the contract has late fees and the account is overdue. */
  lateFee(account: string, day: LocalDay, now: number): Promise<boolean>
  entries(account: string, page: { after?: number | undefined; limit: number }): Promise<LedgerRow[]>
  /** Sums of what was booked from one instant to before another. */
  statement(account: string, from: Date, to: Date): Promise<Statement>
  charged(account: string, from: LocalDay): Promise<Map<LocalDay, { amount: Money; quality: ChargeQuality; entries: number }>>
}

export interface Statement { opening: Money; payments: Money; charges: Money; reserved: Money; estimated: Money; entries: number }
export interface LedgerRow extends Entry { id: number; balance: Money; who: string }
interface EntryRow { id: number; key: string; kind: EntryKind; amount: string; at: Date; day: string | null; quality: ChargeQuality | null; balance: string; who: string }

const ENTRY = `id, key, kind, amount::text, at, to_char(day, 'YYYY-MM-DD') AS day, quality, balance::text, who`
const entryOf = (row: EntryRow): LedgerRow => ({ id: row.id, key: row.key, kind: row.kind, amount: BigInt(row.amount), at: row.at.getTime(), day: row.day ?? undefined, quality: row.quality ?? undefined, balance: BigInt(row.balance), who: row.who })
const SERVICE = 'cost-control'

export function createCostLedger(pool: pg.Pool): CostLedger {
  /** @returns false when the key is there already */
  const append = async (client: pg.PoolClient, before: CostAccount, entry: Entry, estimated: Money, who: string, detail: Record<string, unknown> = {}): Promise<boolean> => {
    const after = booked(before, entry)
    const inserted = await client.query(
      'INSERT INTO cost_entry (account, key, kind, amount, at, day, quality, balance, who, detail) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) ON CONFLICT DO NOTHING',
      [before.id, entry.key, entry.kind, entry.amount.toString(), new Date(entry.at), entry.day ?? null, entry.quality ?? null, after.balance.toString(), who, storableJson(detail)])
    if (inserted.rowCount === 0) return false
    const overdue = overdueSince(before.account.overdueSince, after.balance + estimated, -before.contract.limits.overdraft, entry.at)
    await client.query('UPDATE cost_account SET payments = $2, charges = $3, reserved = $4, estimated = $5, overdue_since = $6, needs_look = true WHERE account = $1',
      [before.id, after.payments.toString(), after.charges.toString(), after.reserved.toString(), estimated.toString(), overdue === undefined ? null : new Date(overdue)])
    return true
  }
  const list = async (client: pg.Pool | pg.PoolClient, where: string, values: readonly unknown[]): Promise<LedgerRow[]> =>
    (await client.query<EntryRow>(`SELECT ${ENTRY} FROM cost_entry WHERE ${where}`, [...values])).rows.map(entryOf)

  return {
    open: ({ account, meter, contract, chargedFrom }, who) => {
      contractOf(contract)
      return transaction(pool, async (client) => {
        const { rowCount } = await client.query('INSERT INTO cost_account (account, meter, contract, charged_from) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [account, meter, storableJson(contract), chargedFrom])
        if (rowCount === 0) throw new HesError('EXISTS_ALREADY', `The account ${account}, or one of meter ${meter}, exists.`)
        await appendAuditIn(client, [{ actor: who, action: 'cost.account', object: `cost-account/${account}`, outcome: 'ok', detail: { meter, contract } }])
        return lockAccount(client, account)
      })
    },
    change: (account, contract, who, reason) => {
      contractOf(contract)
      return transaction(pool, async (client) => {
        await lockAccount(client, account)
        await client.query('UPDATE cost_account SET contract = $2, needs_look = true WHERE account = $1', [account, storableJson(contract)])
        await appendAuditIn(client, [{ actor: who, action: 'cost.contract', object: `cost-account/${account}`, outcome: 'ok', reason, detail: { contract } }])
        return lockAccount(client, account)
      })
    },
    find: async (account) => (await selectAccounts(pool, 'account = $1', [account]))[0],
    pay: (account, { kind, number, amount, reason }, who, now) => transaction(pool, async (client) => {
      const before = await lockAccount(client, account)
      const key = `${kind}/${number}`
      const { hoarding } = before.contract.limits
      const known = (await client.query<{ account: string; amount: string }>('SELECT account, amount::text FROM cost_entry WHERE key = $1 AND (account = $2 OR kind = \'payment\')', [key, account])).rows[0]
      if (known) {
        if (known.account !== account || BigInt(known.amount) !== amount) throw new HesError('EXISTS_ALREADY', `The number ${number} stands for another ${kind}.`)
        return { fresh: false, after: before }
      }
      if (kind === 'payment' && hoarding !== undefined && before.balance + amount > hoarding) throw new HesError('DATA_REFUSED', `No more than ${moneyText(hoarding)} may be stored; the balance is ${moneyText(before.balance)}.`)
      if (kind === 'release' && amount > before.reserved) throw new HesError('DATA_REFUSED', `Only ${moneyText(before.reserved)} is reserved.`)
      // Another account may take the number in this instant.
      if (!await append(client, before, { key, kind, amount, at: now }, before.estimated, who, reason === undefined ? {} : { reason })) throw new HesError('EXISTS_ALREADY', `The number ${number} stands for another ${kind}.`)
      await appendAuditIn(client, [{ actor: who, action: `cost.${kind}`, object: `cost-account/${account}`, outcome: 'ok', ...(reason === undefined ? {} : { reason }), detail: { number, amount: moneyText(amount) } }])
      const after = await lockAccount(client, account)
      // In this transaction, so that no trip leaves for a debt that is paid.
      if (after.balance + after.estimated >= -after.contract.limits.overdraft) await withdrawCommands(client, [after.meter], 'trip', 'proposed', `withdrawn: ${key} was booked`)
      return { fresh: true, after }
    }),
    charge: (account, { readAt, detail, ...charge }, now) => transaction(pool, async (client) => {
      const before = await lockAccount(client, account)
      const day = dayCharges(await list(client, 'account = $1 AND day = $2 AND kind IN (\'charge\', \'correction\') ORDER BY id', [account, charge.day])).get(charge.day)
      await client.query('UPDATE cost_account SET reading_at = $2, reading_quality = $3 WHERE account = $1 AND (reading_at IS NULL OR reading_at <= $2)', [account, new Date(readAt), charge.quality])
      const entry = chargeEntry(day, { ...charge, at: now })
      if (!entry) return false
      const total = (day?.amount ?? 0n) + entry.amount
      const estimated = before.estimated + (entry.quality === 'estimated' ? total : 0n) - (day?.quality === 'estimated' ? day.amount : 0n)
      return append(client, before, entry, estimated, SERVICE, detail)
    }),
    reverse: (account, { day, readAt, why }, now) => transaction(pool, async (client) => {
      const before = await lockAccount(client, account)
      const booked = dayCharges(await list(client, 'account = $1 AND day = $2 AND kind IN (\'charge\', \'correction\') ORDER BY id', [account, day])).get(day)
      const entry = reversalEntry(booked, day, now)
      if (!booked || !entry) return false
      // A register that is gone makes no reading new enough for a trip: the next one does.
      await client.query('UPDATE cost_account SET reading_at = NULL, reading_quality = NULL WHERE account = $1 AND reading_at <= $2', [account, new Date(readAt)])
      return append(client, before, entry, before.estimated - (booked.quality === 'estimated' ? booked.amount : 0n), SERVICE, { why })
    }),
    mirror: (account, remaining, readAt, now) => transaction(pool, async (client) => {
      const before = await lockAccount(client, account)
      const entry = before.contract.mode === 'local' ? mirrorEntry(before.balance, remaining, readAt, now) : undefined
      return entry ? append(client, before, entry, before.estimated, SERVICE) : false
    }),
    lateFee: (account, day, now) => transaction(pool, async (client) => {
      const before = await lockAccount(client, account)
      const { lateFee } = before.contract
      if (lateFee === undefined || before.account.overdueSince === undefined) return false
      const entry = lateFeeEntry(arrearsOf(await list(client, 'account = $1 ORDER BY id', [account]), Number(day.slice(0, 4))), lateFee, day, now)
      return entry ? append(client, before, entry, before.estimated, SERVICE) : false
    }),
    entries: (account, { after, limit }) => list(pool, 'account = $1 AND id > $2 ORDER BY id LIMIT $3', [account, after ?? 0, limit]),
    statement: async (account, from, to) => {
      const rows = await list(pool, 'account = $1 AND at < $2 ORDER BY id', [account, to])
      const within = rows.filter(({ at }) => at >= from.getTime())
      const { payments, charges, reserved } = totalsOf(within)
      const estimated = within.filter(({ quality }) => quality === 'estimated').reduce((all, { amount }) => all + amount, 0n)
      return { opening: totalsOf(rows.filter(({ at }) => at < from.getTime())).balance, payments, charges, reserved, estimated, entries: within.length }
    },
    charged: async (account, from) => dayCharges(await list(pool, 'account = $1 AND day >= $2 AND kind IN (\'charge\', \'correction\') ORDER BY id', [account, from])),
  }
}
