import type { Apdu, ResultNormal, Tsa } from '@zhuzhan/dlt698'

/** Is this APDU the answer the request asked for? The PIID has been compared already. */
export type Expectation = (answer: Apdu) => boolean

const sameTsa = (a: Tsa, b: Tsa): boolean => a.address === b.address
const sameList = (asked: readonly string[], got: readonly string[]): boolean => asked.length === got.length && asked.every((one, index) => one === got[index])
const oadsOf = (results: readonly ResultNormal[]): string[] => results.map((result) => result.oad)

/**
 * An answer must match in service, choice and OAD / OMD / TSA, not only in its PIID (ruling of the reference §13): six bits
 * of number alone would let a late answer pass for another request's.
 */
export function expectation(request: Apdu): Expectation {
  const service = matchService(request)
  return (answer) => answer.apdu === 'error-response' || service(answer)
}

function matchService(request: Apdu): Expectation {
  switch (request.apdu) {
    case 'get-request':
      return (answer) => {
        if (answer.apdu !== 'get-response') return false
        if (answer.choice === 'next') return request.choice !== 'md5'
        if (request.choice === 'normal') return answer.choice === 'normal' && answer.result.oad === request.oad
        if (request.choice === 'normal-list') return answer.choice === 'normal-list' && sameList(request.oads, oadsOf(answer.results))
        if (request.choice === 'record') return answer.choice === 'record' && answer.record.oad === request.record.oad
        return answer.choice === request.choice
      }
    case 'set-request':
      return (answer) => answer.apdu === 'set-response' && answer.choice === request.choice && (request.choice !== 'normal' || (answer.choice === 'normal' && answer.oad === request.oad))
    case 'action-request':
      return (answer) => answer.apdu === 'action-response' && answer.choice === request.choice && (request.choice !== 'normal' || (answer.choice === 'normal' && answer.omd === request.omd))
    case 'proxy-request':
      return (answer) => {
        if (answer.apdu !== 'proxy-response') return false
        if (request.choice === 'get-list') {
          return answer.choice === 'get-list' && answer.targets.length === request.targets.length
            && request.targets.every((target, index) => sameTsa(target.tsa, answer.targets[index]!.tsa) && sameList(target.oads, oadsOf(answer.targets[index]!.results)))
        }
        if (request.choice === 'get-record') return answer.choice === 'get-record' && sameTsa(request.tsa, answer.tsa) && answer.record.oad === request.record.oad
        if (request.choice === 'action-list') {
          return answer.choice === 'action-list' && answer.targets.length === request.targets.length
            && request.targets.every((target, index) => sameTsa(target.tsa, answer.targets[index]!.tsa)
              && sameList(target.actions.map((action) => action.omd), answer.targets[index]!.results.map((result) => result.omd)))
        }
        return answer.choice === request.choice
      }
    case 'release-request':
      return (answer) => answer.apdu === 'release-response'
    default:
      return () => false
  }
}
