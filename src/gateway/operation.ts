import { beyond } from '#domain/call-limits.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import type { Operation } from '#domain/operation.ts'
import { opens } from '#domain/scope.ts'
import type { Answer, Call, Check } from './call.ts'
import { notFound, problemAnswer } from './refusal-answer.ts'
import { openRoutes } from './routes.ts'

/** Finds the operation by method and path; what is not in the table does not exist (DECISIONS 8). */
export function matchOperation(operations: readonly Operation[], fidelity: Fidelity = 'live'): Check {
  const routes = openRoutes(operations)
  return (call) => {
    const { segments } = call.target
    // RFC 9110 §9.3.2: HEAD is GET without the content.
    const method = call.request.method === 'HEAD' ? 'GET' : (call.request.method ?? '')
    const match = routes.match(method, segments)
    if (match) {
      call.match = match
      return undefined
    }
    const methods = routes.methodsOf(segments)
    return methods.length === 0
      ? notFound(call, fidelity)
      : problemAnswer(
          call,
          {
            status: 405,
            title: 'Method Not Allowed',
            detail: `This path answers ${methods.join(', ')}.`,
            code: 'method_not_allowed',
          },
          // RFC 9110 §15.5.6: the answer names the methods.
          {
            headers: [
              'Allow',
              methods.flatMap((name) => (name === 'GET' ? [name, 'HEAD'] : [name])).join(', '),
            ],
          },
        )
  }
}

function isOpen({ caller, match }: Call): boolean {
  switch (caller.kind) {
    case 'integration':
      return opens(caller.access.scopes, match.operation.scopes)
    case 'user':
      return match.operation.scopes.length > 0
    case 'nobody':
      return false
    default:
      return caller satisfies never
  }
}

function insufficientScope(call: Call, needed: string): Answer {
  return problemAnswer(
    call,
    {
      status: 403,
      title: 'Forbidden',
      detail: needed === '' ? 'No scope opens this operation.' : `The token needs the scope ${needed}.`,
      code: 'insufficient_scope',
    },
    { headers: ['WWW-Authenticate', `Bearer error="insufficient_scope", scope="${needed}"`] },
  )
}

function neededBy({ caller, match }: Call): string {
  const [first = '', ...more] = match.operation.scopes
  if (caller.kind !== 'integration') return first
  const { scopes } = caller.integration
  return [first, ...more].find((word) => scopes.includes(word)) ?? first
}

/**
 * RFC 6750 §3.1, insufficient_scope. ThousandEyes' own status is ambiguous, 401 or 403 (thousandeyes-facts 6.2): ours is the RFC's.
 * The challenge names the narrowest scope that the caller's client may ask for, so that it can ask for just that.
 */
export const requireScope: Check = (call) =>
  isOpen(call) ? undefined : insufficientScope(call, neededBy(call))

const limitWords = {
  'read-only': {
    code: 'read_only',
    detail: 'The connection may only read, whatever its scopes open.',
  },
  operation: {
    code: 'operation_not_allowed',
    detail: 'The connection is limited to certain operations, and this is none of them.',
  },
} as const

/**
 * Holds calls to the limits of the integration as they are now, and to those that the grant was made with: neither widens the
 * other. Codes and words are ours.
 */
export const keepWithinLimits: Check = (call) => {
  const { caller, match } = call
  if (caller.kind !== 'integration') return undefined
  const wrong =
    beyond(caller.integration.limits, match.operation) ?? beyond(caller.access.limits, match.operation)
  return wrong && problemAnswer(call, { status: 403, title: 'Forbidden', ...limitWords[wrong] })
}
