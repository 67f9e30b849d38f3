import { HesError, isoWithOffset, offsetText } from '@zhuzhan/core'
import type { DeviceModulesState, MeterAnswer, TerminalAnswer } from '@zhuzhan/contracts'
import { protectorOf } from '@zhuzhan/dispatch'
import { findMeter } from '@zhuzhan/persistence'
import type { MeterView, RegistrationOutcome, TerminalView } from '@zhuzhan/persistence'
import type pg from 'pg'

export type ModulesBy = ReadonlyMap<string, DeviceModulesState>

export function terminalAnswer({ utcOffsetMinutes: offset, session, createdAt, ...terminal }: TerminalView, modules: ModulesBy): TerminalAnswer {
  const time = (at: Date): string => isoWithOffset(at.getTime(), offset)
  return {
    ...terminal,
    utcOffset: offsetText(offset),
    createdAt: time(createdAt),
    online: session !== null,
    modules: modules.get(terminal.address) ?? null,
    session: session && { ...session, since: time(session.since), lastSeen: time(session.lastSeen) },
  }
}

export function meterAnswer({ address, kind, terminal, name, securityProfile, mode, area, ctRatio, ptRatio, tariff, createdAt, online, utcOffsetMinutes }: MeterView, modules: ModulesBy): MeterAnswer {
  return {
    address, kind, terminal, name, securityProfile, mode, area, tariff, online,
    modules: modules.get(protectorOf({ address, kind, terminal, securityProfile })) ?? null,
    ctRatio: Number(ctRatio), ptRatio: Number(ptRatio), createdAt: isoWithOffset(createdAt.getTime(), utcOffsetMinutes),
  }
}

/** @throws HesError NOT_FOUND */
export async function meterOrNotFound(pool: pg.Pool, address: string): Promise<MeterView> {
  const meter = await findMeter(pool, address)
  if (!meter) throw new HesError('NOT_FOUND', `There is no meter ${address}.`)
  return meter
}

/** @throws HesError with the outcome's code unless it was created */
export function createdOrThrow(outcome: RegistrationOutcome | undefined): void {
  if (outcome?.result === 'created') return
  throw new HesError(outcome?.code ?? 'INTERNAL', outcome?.message)
}
