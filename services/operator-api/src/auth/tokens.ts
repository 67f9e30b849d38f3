import { HesError } from '@zhuzhan/core'
import type { FastifyInstance } from 'fastify'
import fastifyJwt from '@fastify/jwt'
import { z } from 'zod'
import type { TokenClaims } from './people.js'

export const TOKEN_SECONDS = 12 * 3_600

export interface Tokens {
  sign(claims: TokenClaims): { token: string; expiresAt: Date }
  /** @throws HesError NOT_AUTHENTICATED */
  verify(token: string): TokenClaims
}

const Claims = z.object({ sub: z.uuid(), pw: z.string(), exp: z.number() })

/** Signed tokens (HS256 and nothing else) that live for twelve hours. */
export async function createTokens(app: FastifyInstance, secret: string): Promise<Tokens> {
  await app.register(fastifyJwt, { secret, sign: { algorithm: 'HS256', expiresIn: TOKEN_SECONDS * 1_000 }, verify: { algorithms: ['HS256'] } })
  return {
    sign: (claims) => {
      const token = app.jwt.sign({ ...claims })
      return { token, expiresAt: new Date(Claims.parse(app.jwt.decode(token)).exp * 1_000) }
    },
    verify: (token) => {
      try {
        return Claims.parse(app.jwt.verify(token))
      } catch (error) {
        throw new HesError('NOT_AUTHENTICATED', undefined, {}, { cause: error })
      }
    },
  }
}
