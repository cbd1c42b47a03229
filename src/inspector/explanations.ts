import type { Exchange } from '#traffic/traffic.ts'
import {
  authorizationRules,
  deviceAuthorizationRules,
  introspectionRules,
  resumeRules,
  revocationRules,
} from './explanations-authorization.ts'
import {
  nothingThereRules,
  publicDocumentRules,
  registrationRules,
  userinfoRules,
} from './explanations-endpoints.ts'
import { rulesOfPage } from './explanations-pages.ts'
import { tokenRules } from './explanations-token.ts'
import { v7Rules } from './explanations-v7.ts'
import { type Explained, judge, type Rule } from './judge.ts'
import { type Facts, factsOf, formProblem } from './reading.ts'

/** What was checked for an exchange, in the order of the checks. */
export interface Explanation {
  /** What became of it, in a sentence; says so where it cannot be told which rule refused. */
  readonly summary: string
  readonly checks: readonly Explained[]
}

const endpoints: Readonly<Record<string, (facts: Facts) => readonly Rule[]>> = {
  'GET /oauth2/authorize': () => authorizationRules,
  'POST /v7/oauth2/token': tokenRules,
  'POST /v7/oauth2/device/authorization': () => deviceAuthorizationRules,
  'POST /v7/oauth2/revoke': () => revocationRules,
  'POST /v7/oauth2/introspect': () => introspectionRules,
  'POST /v7/oauth2/clients': () => registrationRules,
  'GET /v7/oauth2/userinfo': () => userinfoRules,
  'GET /v7/oauth2/provider/keys': () => publicDocumentRules,
}

function rulesOf(facts: Facts): readonly Rule[] {
  const { method, path } = facts.exchange
  const endpoint = `${method} ${path}`
  if (Object.hasOwn(endpoints, endpoint)) return endpoints[endpoint]?.(facts) ?? []
  if (facts.status === 405) return nothingThereRules
  if (path.startsWith('/oauth2/authorize/')) return resumeRules(facts)
  if (path.startsWith('/.well-known/')) return publicDocumentRules
  if (path.startsWith('/v7/oauth2')) return nothingThereRules
  return path === '/v7' || path.startsWith('/v7/') ? v7Rules : rulesOfPage(facts)
}

function summaryOf({ status, error }: Facts, checks: readonly Explained[]): string {
  const refused = checks.find(({ outcome }) => outcome === 'refused')
  const how = error === undefined || error === formProblem ? String(status) : `${status}, ${error}`
  if (refused) return `Refused (${how}) by one rule: \u201c${refused.rule}\u201d.`
  if (checks.some(({ outcome }) => outcome === 'perhaps'))
    return `Refused (${how}). Several rules answer like this on purpose, and it cannot be told which of them it was.`
  if (status >= 400) return `Refused (${how}). It cannot be told which rule it was.`
  return `Answered with ${status}: every check held.`
}

/**
 * Explains an exchange: the checks that the service makes for it, and which of them refused, judged by the answer and the log.
 * Pure. Nothing is claimed of a request that a fault disturbed, that ended without an answer or that failed on our side.
 */
export function explain(exchange: Exchange): Explanation {
  const facts = factsOf(exchange)
  if (exchange.fault !== undefined)
    return {
      summary: `A fault (${exchange.fault}) disturbed this exchange: the answer says nothing about the request.`,
      checks: [],
    }
  if (!exchange.answer)
    return { summary: 'The connection ended without an answer, so nothing can be told.', checks: [] }
  if (facts.status === 500 || facts.status === 503)
    return {
      summary: `A failure on our side (${facts.status}), no refusal: the caller may try again.`,
      checks: [],
    }
  const checks = judge(rulesOf(facts), facts)
  return { summary: summaryOf(facts, checks), checks }
}
