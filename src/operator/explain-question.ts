import { parseAccountGroupId } from '#domain/account-group.ts'
import { parseRegionId, regionIds } from '#domain/region.ts'
import { writtenAddress } from '#http/client-address.ts'

const names: readonly string[] = [
  ...[
    'user',
    'region',
    'client',
    'apiToken',
    'connection',
    'scopes',
    'aid',
    'address',
    'method',
    'path',
    'body',
  ],
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** What is asked about, or in words what is wrong with the question. */
export interface Question {
  readonly text: (name: string) => string | undefined
  readonly method: string
  readonly target: string
}

export type Wrong = { readonly status: number; readonly wrong: string }

export const wrong = (words: string, status = 400): Wrong => ({ status, wrong: words })

/** A known parameter stands at most once and says something. */
function namesProblem(query: URLSearchParams): string | undefined {
  const unknown = [...query.keys()].find((name) => !names.includes(name))
  if (unknown !== undefined) return `unknown parameter ${unknown}; allowed are ${names.join(', ')}`
  const bad = names.find((name) => query.getAll(name).length > 1 || query.get(name) === '')
  if (bad !== undefined) return `${bad} stands there twice or is empty`
  if (query.has('client') === query.has('apiToken'))
    return 'client, apiToken: found both or neither; allowed is exactly one of them'
  const missing = ['user', 'method', 'path'].find((name) => !query.has(name))
  return missing && `${missing}: found nothing; needed are user, method and path`
}

function valueProblem(query: URLSearchParams): string | undefined {
  const [region, aid, address] = ['region', 'aid', 'address'].map((name) => query.get(name) ?? undefined)
  const method = query.get('method') ?? ''
  if (region !== undefined && !parseRegionId(region))
    return `region: found ${region}; allowed are ${regionIds.join(', ')}`
  if (aid !== undefined && !parseAccountGroupId(aid))
    return `aid: found ${aid}; allowed is the decimal id of an account group`
  if (address !== undefined && writtenAddress(address) === undefined)
    return `address: found ${address}; allowed is an IP address`
  return methods.includes(method) ? undefined : `method: found ${method}; allowed are ${methods.join(', ')}`
}

/** The path belongs to the gateway: what is below /v7/oauth2 is the authorization server's. */
function pathProblem(path: string): string | undefined {
  const isGateways = /^\/v7(?:[/?]|$)/.test(path) && !/^\/v7\/oauth2(?:[/?]|$)/.test(path)
  return isGateways
    ? undefined
    : `path: found ${path}; allowed is a path below /v7, and none below /v7/oauth2`
}

/** @returns the target with the account group in its query; undefined when the query names one already */
function withAid(path: string, aid: string | undefined): string | undefined {
  if (aid === undefined) return path
  const query = new URLSearchParams(path.split('?')[1] ?? '')
  return query.has('aid') ? undefined : `${path}${path.includes('?') ? '&' : '?'}aid=${aid}`
}

export function parseQuestion(query: URLSearchParams): Question | Wrong {
  const path = query.get('path') ?? ''
  const problemFound = namesProblem(query) ?? valueProblem(query) ?? pathProblem(path)
  if (problemFound !== undefined) return wrong(problemFound)
  const target = withAid(path, query.get('aid') ?? undefined)
  if (target === undefined) return wrong('aid: found one, and another in the path; allowed is one of them')
  return { text: (name) => query.get(name) ?? undefined, method: query.get('method') ?? '', target }
}
