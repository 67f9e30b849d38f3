import { REPLICA_DEAD_MS } from '../sessions.js'

/**
 * Sessions that are true now: rows of a gateway that still says it lives. A gateway that was killed leaves rows behind
 * until its successor or another gateway takes them away; they must not show as online meanwhile.
 */
export const LIVE_SESSION = `terminal_session s JOIN replica r ON r.kind = 'gateway' AND r.id = s.gateway_id AND r.instance = s.gateway_instance
  AND r.seen_at > now() - interval '${REPLICA_DEAD_MS} milliseconds'`
