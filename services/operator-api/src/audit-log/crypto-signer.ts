import { HesError, fromHex, toHex } from '@zhuzhan/core'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { SignHead } from './head-signer.js'

/** `SignHead` by the crypto machine. */
export function signByCryptoMachine(machine: Pick<CryptoMachine, 'signHead'>): SignHead {
  return async (head, at) => {
    const [outcome] = await machine.signHead([{ head: toHex(head), at: at.getTime() }])
    if (!outcome?.ok) throw new HesError(outcome?.code ?? 'INTERNAL')
    return { keyId: outcome.value.keyId, signature: fromHex(outcome.value.signature) }
  }
}
