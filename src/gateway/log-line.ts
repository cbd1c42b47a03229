import type { Answer, Call } from './call.ts'

/** One line of the log for each refused or failed call (security-cases G34). Holds no tokens, no paths, no query values. */
export interface GatewayLogLine {
  readonly event: 'v7-call-refused' | 'v7-call-failed'
  readonly requestId: string
  readonly address: string
  readonly method: string
  /** The template of the operation, as `/v7/tests/{testId}`; undefined while none is known. */
  readonly route: string | undefined
  readonly status: number
  /** Why, in one word; `upstream` when the upstream said so. */
  readonly code: string
  readonly userId?: string
  readonly clientId?: string
  readonly grant?: string
  readonly note?: string
  /** What was thrown, with its stack and its cause. For the log alone. */
  readonly error?: string
}

export type GatewayLog = (line: GatewayLogLine) => void

function who({ caller }: Call): Pick<GatewayLogLine, 'userId' | 'clientId' | 'grant'> {
  switch (caller.kind) {
    case 'integration':
      return { userId: caller.user.id, clientId: caller.access.clientId, grant: caller.access.tag }
    case 'user':
      return { userId: caller.user.id }
    case 'nobody':
      return {}
    default:
      return caller satisfies never
  }
}

function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by ${words(error.cause)}`
}

/** @param error what was thrown, when the answer is owed to a failure */
export const logLine = (call: Call, answer: Answer, error?: unknown): GatewayLogLine => ({
  event: answer.status >= 500 ? 'v7-call-failed' : 'v7-call-refused',
  requestId: call.id,
  address: call.address,
  method: call.request.method ?? '',
  route: call.match.operation.path === '' ? undefined : `/v7${call.match.operation.path}`,
  status: answer.status,
  code: answer.code ?? 'upstream',
  ...who(call),
  ...(answer.note === undefined ? {} : { note: answer.note }),
  ...(error === undefined ? {} : { error: words(error) }),
})
