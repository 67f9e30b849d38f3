import { z } from 'zod'

/** What an operator may ask of a meter. */
export const COMMAND_ACTIONS = ['trip', 'close', 'allow-close', 'keep-power', 'release-power', 'set-power', 'read'] as const
export const CommandAction = z.enum(COMMAND_ACTIONS)
export type CommandAction = z.infer<typeof CommandAction>

/** Loads that take set-points: a charging pile, which falls back to its safe power, and an appliance, which falls back to its normal operation. */
export const CONTROLLABLE_LOADS = ['pile', 'appliance'] as const
export type ControllableLoad = (typeof CONTROLLABLE_LOADS)[number]
/** OI of the object each is reached by. */
export type LoadObjects = Readonly<Record<ControllableLoad, string>>

/** What a load is told. An id is applied once; of two for the same time the higher sequence holds, and after `to` it is at what it falls back to by itself. */
export const SetPoint = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._/-]{1,64}$/),
  sequence: z.int().min(0).max(4_294_967_295),
  watts: z.int().min(0).max(1_000_000),
  from: z.int().min(0).describe('Epoch ms'),
  to: z.int().min(0).describe('Epoch ms, excluded'),
}).refine(({ from, to }) => from < to, 'from before to')
export type SetPoint = z.infer<typeof SetPoint>

/** Actions that move supply or power: always decided by a second person. */
export const CONTROL_ACTIONS: ReadonlySet<CommandAction> = new Set(['trip', 'close', 'allow-close', 'keep-power', 'release-power', 'set-power'])

/**
 * accepted → awaiting_approval → approved → queued → sent → confirmed → verified, or on the way:
 * rejected (a person said no), refused (the device's code, or the crypto machine's), expired (took no effect),
 * unknown (sent, doubt remains until a read-back settles it).
 */
export const COMMAND_STATES = [
  'accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'confirmed', 'refused', 'unknown', 'expired', 'verified', 'rejected',
] as const
export const CommandState = z.enum(COMMAND_STATES)
export type CommandState = z.infer<typeof CommandState>

/** Which state may follow which. Every UPDATE of a command names the states it may start from, so two writers cannot both win. */
export const NEXT_STATES: Record<CommandState, readonly CommandState[]> = {
  // A control command is accepted until its requester has signed its ticket.
  accepted: ['awaiting_approval', 'queued', 'rejected', 'expired'],
  awaiting_approval: ['approved', 'rejected', 'expired'],
  approved: ['queued', 'expired'],
  queued: ['sent', 'refused', 'expired'],
  // A read that got no answer expires: nothing can have moved. Control never goes from sent to expired.
  sent: ['confirmed', 'refused', 'unknown', 'verified', 'expired'],
  confirmed: ['verified'],
  unknown: ['verified', 'expired', 'confirmed', 'refused'],
  refused: [],
  expired: [],
  verified: [],
  rejected: [],
}

/** States in which nothing more will happen by itself. `confirmed` is final for a read. */
export const FINAL_STATES: ReadonlySet<CommandState> = new Set(['refused', 'expired', 'verified', 'rejected'])
