import { parseSecurityRequest, readRecordRequest, rspctrOf } from '@zhuzhan/osp1'
import type { DeviceKeys, SessionKeys } from '@zhuzhan/osp1'
import type { SessionWitness } from './session-witness.js'

/** The adversary's notebook: everything the crypto machine ever gave out, over all of its lives. What must never be is noted as it comes. */
export interface WireLedger {
  /** A CONNECT-Request the machine made, whether or not it was ever delivered. */
  connect(keys: DeviceKeys, clientAddress: number, request: Uint8Array): Promise<void>
  /** A session the machine says it has; its keys as the device has them. */
  session(keys: DeviceKeys, made: SessionKeys): void
  /** A record the machine sealed. */
  sealed(keys: DeviceKeys, made: SessionKeys, record: Uint8Array): void
  /** A broadcast the machine made. */
  broadcast(group: string, agseq: number): void
  /** A report the machine called new; and one it answered. */
  reportNew(keys: DeviceKeys, rn: Uint8Array): void
  reportAnswered(keys: DeviceKeys, rn: Uint8Array): void
  /** Anything else that must not be. */
  violation(text: string): void
  readonly violations: readonly string[]
  readonly counts: { connects: number; sessions: number; records: number; broadcasts: number; reports: number }
}

const CLIENT_TO_SERVER = 1

export function wireLedger(witness: SessionWitness): WireLedger {
  const violations: string[] = []
  const counts = { connects: 0, sessions: 0, records: 0, broadcasts: 0, reports: 0 }
  const asctrs = new Set<string>()
  const agseqs = new Set<string>()
  const sessionKeys = new Set<string>()
  const nonces = new Set<string>()
  const answered = new Set<string>()

  const once = (set: Set<string>, key: string, what: string): void => {
    if (set.has(key)) violations.push(what)
    set.add(key)
  }
  const reportOf = ({ address }: DeviceKeys, rn: Uint8Array): string => `${address}/${rspctrOf(rn)}`

  return {
    violations, counts,
    violation: (text) => { violations.push(text) },
    async connect(keys, clientAddress, request) {
      counts.connects += 1
      const asctr = `${keys.address}/${await witness.asctrOf(keys, clientAddress, request)}`
      once(asctrs, asctr, `ASCTR ${asctr} was used twice`)
    },
    session({ address }, { toServer, toClient }) {
      counts.sessions += 1
      for (const key of [toServer, toClient]) once(sessionKeys, key.toString('hex'), `a session key of ${address} was made twice`)
    },
    sealed({ address }, { toServer }, record) {
      counts.records += 1
      const request = parseSecurityRequest(record)
      const parts = request && readRecordRequest(request)
      if (!parts) return void violations.push(`${address}: what was sealed is no record`)
      // The nonce is direction || 000000 || seq: one pair of key and nonce for each.
      once(nonces, `${toServer.toString('hex')}/${CLIENT_TO_SERVER}/${parts.seq}`, `${address}: key and nonce of seq ${parts.seq} were used twice`)
    },
    broadcast(group, agseq) {
      counts.broadcasts += 1
      once(agseqs, `${group}/${agseq}`, `AGSEQ ${agseq} of ${group} was used twice`)
    },
    reportNew(keys, rn) {
      counts.reports += 1
      if (answered.has(reportOf(keys, rn))) violations.push(`report ${reportOf(keys, rn)} was answered, and called new after that`)
    },
    reportAnswered(keys, rn) {
      answered.add(reportOf(keys, rn))
    },
  }
}
