import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { encodeApdu } from '@zhuzhan/dlt698'
import type { Random } from '@zhuzhan/gm-crypto'
import { PROOF_RN_LENGTH, PROOF_VALID_MS, parseSecurityResponse, taskOf, verifyReadProof } from '@zhuzhan/osp1'
import type { Device, Devices } from '../keys/devices.js'
import { keysInForce } from '../keys/key-trials.js'
import { createTokens } from '../sessions/tokens.js'

const GET_REQUEST = 0x05
const GET_RESPONSE = 0x85
const MAX_WAITING = 100_000

interface Proof {
  device: Device
  rn: Buffer
  request: Buffer
}

export interface Proofs {
  seal(owner: string, request: CryptoRequest<'proofSeal'>): Promise<CryptoResult<'proofSeal'>>
  open(owner: string, request: CryptoRequest<'proofOpen'>): CryptoResult<'proofOpen'>
}

/** Read proofs: a GET without a session whose answer proves itself, good for one answer within five minutes. §7.5 */
export function createProofs({ devices, clock, random }: { devices: Devices; clock: Clock; random: Random }): Proofs {
  const tokens = createTokens<Proof>({ random, clock, validMs: PROOF_VALID_MS, capacity: MAX_WAITING })
  return {
    async seal(owner, { address, apdu }) {
      const device = await devices.get(address)
      if (apdu[0] !== GET_REQUEST || taskOf(apdu) !== 3)
        throw new HesError('TICKET_REFUSED', 'a read proof carries a GET only', { address })
      const rn = random(PROOF_RN_LENGTH)
      const request = Buffer.from(apdu)
      return {
        apdu: encodeApdu({ apdu: 'security-request', form: 'plain', content: request, verification: { kind: 'rn', rn } }),
        token: tokens.issue(owner, { device, rn, request }),
      }
    },
    open(owner, { address, token, apdu }) {
      const proof = tokens.find(owner, token)
      if (!proof || proof.device.row.address !== address) throw new HesError('SESSION_UNKNOWN')
      const response = parseSecurityResponse(apdu)
      const { device, rn, request } = proof
      const { content, mac } = response?.form === 'plain' ? response : {}
      const good =
        content?.[0] === GET_RESPONSE &&
        mac !== undefined &&
        keysInForce(device).some((keys) => verifyReadProof(keys.readProof, device.row.ad, rn, request, content, mac))
      if (!good || !content) throw new HesError('AUTH_FAILED', undefined, { address })
      tokens.drop(token)
      return { apdu: Buffer.from(content) }
    },
  }
}
