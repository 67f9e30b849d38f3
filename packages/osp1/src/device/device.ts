import { DecodeError, decodeApdu } from '@zhuzhan/dlt698'
import { HesError } from '@zhuzhan/core'
import { authenticatedAddressOf, authenticatedAddressOfNumber } from '../address.js'
import { createConnect } from './connect.js'
import { createFirmware } from './firmware.js'
import { createFieldMethods } from './field-methods.js'
import { createKeyring } from './keyring.js'
import type { KeySet } from './keyring.js'
import { oneAtATime } from './limits.js'
import { createRecords } from './records.js'
import { createReports } from './reports.js'
import { createDeviceSessions } from './sessions.js'
import { openCounters } from './state.js'
import type { Osp1Device, Osp1DeviceOptions, Received } from './types.js'
import { createUnsessioned } from './unsessioned.js'

/**
 * A meter or terminal that speaks OSP-1, its state loaded from the store. It answers what the profile lets it answer
 * and stays silent otherwise: plain requests to such a device get nothing (§7.14).
 */
export async function createOsp1Device(options: Osp1DeviceOptions): Promise<Osp1Device> {
  if (options.keys.mode === 'F' && !options.keys.sm2) throw new HesError('BODY_INVALID', 'mode F needs certificates and a private key')
  const ad = authenticatedAddressOfNumber(options.keys.address)
  const counters = await openCounters(options.store)
  const keyring = createKeyring(options.keys, counters)
  const sessions = createDeviceSessions(options.clock)
  const serially = oneAtATime()
  const connect = createConnect(options, ad, counters, keyring, sessions)
  const firmware = options.firmware && createFirmware(options.firmware, options.engine, ad, keyring, options.onEvent)
  const records = createRecords(options, ad, sessions, counters, keyring, createFieldMethods(options, ad, keyring), firmware)
  const reports = createReports(options, ad, counters, keyring)
  const { readProof, broadcast } = createUnsessioned(options, ad, counters, keyring)

  const receive = async ({ address, apdu: bytes }: Received): Promise<Buffer | undefined> => {
    let apdu: ReturnType<typeof decodeApdu>
    try {
      apdu = decodeApdu(bytes)
    } catch (error) {
      if (error instanceof DecodeError) return undefined
      throw error
    }
    if (address.type === 'group' || address.type === 'broadcast')
      return apdu.apdu === 'security-request' ? broadcast(apdu, address) : undefined
    // Single address only, and exactly ours: a wildcard would let one CONNECT fit many meters.
    if (address.type !== 'single' || !authenticatedAddressOf(address).equals(ad)) return undefined
    if (apdu.apdu === 'connect-request') return connect(apdu, address.client)
    if (apdu.apdu !== 'security-request') return undefined
    return apdu.verification.kind === 'rn' ? readProof(apdu, address.client) : records(apdu, address.client)
  }

  return {
    receive: (input) => serially(() => receive(input)),
    sealReport: (apdu, form = 'cipher') => serially(() => reports.seal(apdu, form)),
    repeatReport: (id) => serially(() => reports.repeat(id)),
    confirmReport: reports.confirm,
    get unconfirmed() {
      return reports.unconfirmed()
    },
    get sessions() {
      return sessions.count
    },
    counters: () => ({ asctr: counters.state.asctr, rspctr: counters.state.rspctr, agseq: counters.state.agseq }),
    keys: () => {
      const { active, pending } = keyring
      const tell = ({ keyState, keyVersion }: KeySet) => ({ keyState, keyVersion })
      return { ...tell(active), pending: pending && tell(pending) }
    },
    powerLoss() {
      sessions.endAll()
      reports.forget()
    },
  }
}
