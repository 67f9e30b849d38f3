import { readFile } from 'node:fs/promises'
import { HesError } from '@zhuzhan/core'
import type { CryptoMachine, OrderBody } from '@zhuzhan/contracts'
import { askMachine } from '@zhuzhan/dispatch'
import { z } from 'zod'

export type Authority = Pick<CryptoMachine, 'prepareOrder' | 'submitOrder' | 'signWithPassword'>

/** Carries out orders to the crypto machine without a ceremony. */
export interface Office {
  /** @throws HesError ORDER_REFUSED, UNAVAILABLE while the machine or its administrators' file is away */
  order(body: OrderBody): Promise<void>
}

const File = z.object({ administrators: z.array(z.object({ person: z.string(), password: z.string() })).min(2) })
type Administrator = z.infer<typeof File>['administrators'][number]

/**
 * LABORATORIES ONLY: signs for both administrators with the passwords their file holds, so that people and devices enter the
 * crypto machine by themselves. Whoever can read that file can do everything; in production the administrators sign with
 * tokens of their own and nothing like this exists (the machine refuses `signWithPassword`).
 */
export function laboratoryOffice(machine: Authority, path: string): Office {
  let known: [Administrator, Administrator] | undefined
  let last: Promise<unknown> = Promise.resolve()

  const administrators = async (): Promise<[Administrator, Administrator]> => {
    if (known) return known
    try {
      const { administrators: [first, second] } = File.parse(JSON.parse(await readFile(path, 'utf8')))
      return (known = [first as Administrator, second as Administrator])
    } catch (error) {
      throw new HesError('UNAVAILABLE', 'The administrators of the crypto machine are not known yet.', {}, { cause: error })
    }
  }
  const carryOut = async (body: OrderBody): Promise<void> => {
    const [first, second] = await administrators()
    const { order } = await askMachine(machine, 'prepareOrder', { first: first.person, second: second.person, body })
    const { signature: sigFirst } = await askMachine(machine, 'signWithPassword', { person: first.person, password: first.password, message: order })
    const { signature: sigSecond } = await askMachine(machine, 'signWithPassword', { person: second.person, password: second.password, message: order, after: sigFirst })
    await askMachine(machine, 'submitOrder', { order, sigFirst, sigSecond })
  }
  return {
    // One after another: the machine counts passwords that are being tried.
    order: (body) => {
      const mine = last.then(() => carryOut(body))
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

/** For a station without a crypto machine: every question to it ends the same way. */
export function noMachine(): CryptoMachine {
  const nobody = (): Promise<never> => Promise.reject(new HesError('UNAVAILABLE', 'This station has no crypto machine: ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET are not set.'))
  return new Proxy({} as CryptoMachine, { get: () => nobody })
}
