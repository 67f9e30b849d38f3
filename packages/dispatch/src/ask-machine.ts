import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine, CryptoOperation, CryptoRequest, CryptoResult } from '@zhuzhan/contracts'

/** The one result of a batch of one. @throws HesError */
export async function askMachine<O extends CryptoOperation>(machine: Pick<CryptoMachine, O>, operation: O, request: CryptoRequest<O>): Promise<CryptoResult<O>> {
  const run = machine[operation] as CryptoMachine[O]
  return outcomeValue<O>((await run([request]))[0])
}
