import { setTimeout as sleep } from 'node:timers/promises'
import { HesError } from '@zhuzhan/core'
import type { Acknowledgement, ChargingPiles, PileReading, SetPointCommand } from '@zhuzhan/demand-control'
import { PILE_OBJECT, pileStateOad, readPileState } from '@zhuzhan/dlt698'
import type { StationRest } from '@zhuzhan/testing'

export interface StationPilesOptions {
  /** Who asks and who approves: two people, as for every command that moves power. */
  dispatcher: { rest: StationRest; password: string }
  approver: { rest: StationRest; username: string; password: string }
  /** Meter address by pile. */
  meters: ReadonlyMap<string, string>
  /** Wall time of a time of the night. */
  wall(at: number): number
}

const POLL_MS = 300
const READ_SECONDS = 10

/** The loop's piles behind the real station: each set-point a command with a ticket of two people, each read-back a read of the pile's own object. */
export function createStationPiles({ dispatcher, approver, meters, wall }: StationPilesOptions): ChargingPiles {
  const addressOf = (pile: string): string => meters.get(pile) as string
  const settled = async (id: string, until: number): Promise<{ state: string; dar: number | null; code: string | null; result: { attributes?: { data?: unknown }[] } | null }> => {
    for (;;) {
      const { status, body } = await dispatcher.rest.call('GET', `/api/v1/commands/${id}`)
      if (status === 200 && ['confirmed', 'verified', 'refused', 'expired', 'rejected', 'unknown'].includes(body.state)) return body
      if (Date.now() > until) throw new HesError('TERMINAL_TIMEOUT', `Command ${id} is ${body.state}.`)
      await sleep(POLL_MS)
    }
  }
  const asked = async (pile: string, body: object): Promise<string> => {
    const answer = await dispatcher.rest.call('POST', `/api/v1/meters/${addressOf(pile)}/commands`, body)
    if (answer.status !== 202) throw new HesError('UNAVAILABLE', `${pile}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body.id as string
  }
  const order = async ({ id, pile, sequence, kw, from, to, reason }: SetPointCommand): Promise<Acknowledgement> => {
    const until = wall(to)
    const setPoint = { id, sequence, watts: Math.round(kw * 1_000), from: Math.round(wall(from)), to: Math.round(until) }
    const expiresInSeconds = Math.max(10, Math.ceil((until - Date.now()) / 1_000))
    const command = await asked(pile, { action: 'set-power', setPoint, reason, approver: approver.username, password: dispatcher.password, expiresInSeconds })
    const approved = await approver.rest.call('POST', `/api/v1/commands/${command}/approve`, { password: approver.password })
    if (approved.status !== 200) throw new HesError('UNAVAILABLE', `${pile}: ${approved.status} ${JSON.stringify(approved.body)}`)
    const { state, dar, code } = await settled(command, until)
    if (state === 'confirmed' || state === 'verified') return { outcome: 'applied' }
    if (state === 'refused' && dar !== null) return { outcome: 'refused', why: `DAR ${dar}` }
    throw new HesError('TERMINAL_TIMEOUT', `${pile}: the command is ${state} ${code ?? ''}`)
  }
  const underway = new Map<string, Promise<Acknowledgement>>()
  return {
    // While the station still holds the command it sends it itself when the pile is reached again; only one in doubt is ordered anew.
    set: (command) => {
      const known = underway.get(command.id)
      if (known) return known
      const ordered = order(command).finally(() => underway.delete(command.id))
      underway.set(command.id, ordered)
      return ordered
    },
    power: async () => {
      const readings = new Map<string, PileReading>()
      await Promise.all([...meters.keys()].map(async (pile) => {
        const id = await asked(pile, { action: 'read', oads: [pileStateOad(PILE_OBJECT)], expiresInSeconds: READ_SECONDS })
        const { state, result } = await settled(id, Date.now() + READ_SECONDS * 1_000)
        const value = state === 'confirmed' ? readPileState(result?.attributes?.[0]?.data as never) : undefined
        if (value) readings.set(pile, { kw: value.watts / 1_000, plugged: value.plugged, sessionKwh: value.session / 10_000 })
      }).map((one) => one.catch(() => undefined)))
      if (readings.size === 0) throw new HesError('UNAVAILABLE', 'No pile could be read.')
      return readings
    },
  }
}
