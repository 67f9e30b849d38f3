import type { CryptoOperation, CryptoRequest, CryptoResult } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'

/** What carries out operations of the port: one result or refusal for each request, in order. */
export type HandlersOf<K extends CryptoOperation> = {
  [O in K]: (owner: string, batch: CryptoRequest<O>[]) => Promise<(CryptoResult<O> | HesError)[]> | (CryptoResult<O> | HesError)[]
}

/** Every item for itself: one refusal does not touch its neighbours. */
export function each<A, B>(batch: readonly A[], work: (item: A) => Promise<B>): Promise<(B | HesError)[]> {
  return Promise.all(batch.map((item) => work(item).catch(refusal)))
}

export function eachNow<A, B>(batch: readonly A[], work: (item: A) => B): (B | HesError)[] {
  return batch.map((item) => {
    try {
      return work(item)
    } catch (error) {
      return refusal(error)
    }
  })
}

/** What may be told to the caller. @throws the error itself when it is a fault of ours */
export function refusal(error: unknown): HesError {
  if (error instanceof HesError) return error
  throw error
}
