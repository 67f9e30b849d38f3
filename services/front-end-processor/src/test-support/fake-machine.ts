import type { CryptoMachine, CryptoOperation, CryptoOutcome, CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'

type Handlers = { [O in CryptoOperation]?: (request: CryptoRequest<O>) => CryptoResult<O> | Promise<CryptoResult<O>> }

/** A crypto machine that does what the test says; a HesError thrown is its refusal, an operation not given does not exist. */
export function fakeMachine(handlers: Handlers): CryptoMachine & { readonly calls: [CryptoOperation, unknown][] } {
  const calls: [CryptoOperation, unknown][] = []
  const operation = (name: CryptoOperation) => (batch: readonly unknown[]): Promise<CryptoOutcome<CryptoOperation>[]> => Promise.all(batch.map(async (request) => {
    calls.push([name, request])
    const handler = handlers[name] as ((request: unknown) => CryptoResult<CryptoOperation> | Promise<CryptoResult<CryptoOperation>>) | undefined
    if (!handler) throw new Error(`the test has no ${name}`)
    try {
      return { ok: true as const, value: await handler(request) }
    } catch (error) {
      if (error instanceof HesError) return { ok: false as const, code: error.code }
      throw error
    }
  }))
  return new Proxy({ calls } as never, { get: (target, name) => (name === 'calls' ? (target as { calls: unknown })['calls'] : operation(name as CryptoOperation)) })
}
