import { HesError } from '@zhuzhan/core'
import type { FastifyRequest } from 'fastify'
import { RIGHTS, hasRight } from './rights.js'
import type { Right } from './rights.js'
import type { Operator, People } from './people.js'
import type { Tokens } from './tokens.js'

declare module 'fastify' {
  interface FastifyRequest {
    operator?: Operator
  }
}

export interface Guard {
  /** For `onRequest`: before a body is read, so that strangers cannot make us read one. */
  requires(right: Right): (request: FastifyRequest) => Promise<void>
  /** Who a token belongs to, now. @throws HesError NOT_AUTHENTICATED */
  operatorOf(token: string): Promise<Operator>
}

export function createGuard(tokens: Tokens, people: People): Guard {
  const operatorOf = async (token: string): Promise<Operator> => people.operator(tokens.verify(token))
  return {
    operatorOf,
    requires: (right) => async (request) => {
      request.operator = await operatorOf(bearer(request.headers.authorization))
      mustHave(request.operator, right)
    },
  }
}

/** @throws HesError RIGHT_MISSING */
export function mustHave(operator: Operator, right: Right): void {
  if (!hasRight(operator.roles, right)) throw new HesError('RIGHT_MISSING', `This needs the role ${RIGHTS[right].join(' or ')}.`, { right })
}

/** The operator of a guarded route. */
export function whoAsks(request: FastifyRequest): Operator {
  if (!request.operator) throw new HesError('NOT_AUTHENTICATED')
  return request.operator
}

function bearer(header: string | undefined): string {
  const match = /^Bearer\s+(\S+)$/i.exec(header ?? '')
  if (!match?.[1]) throw new HesError('NOT_AUTHENTICATED')
  return match[1]
}
