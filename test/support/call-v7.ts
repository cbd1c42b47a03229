/** One v7 call of an integration, as it is answered. */

export interface AnsweredCall {
  readonly status: number
  /** Of a problem. */
  readonly code: string | undefined
  readonly retryAfter: string | null
  readonly text: string
}

const timeoutMs = 15_000

/** Redirects are answers. @throws when no whole answer came */
export async function callV7(url: string, init: RequestInit = {}): Promise<AnsweredCall> {
  const response = await fetch(url, {
    ...init,
    redirect: 'manual',
    signal: init.signal ?? AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  const isProblem = response.headers.get('content-type')?.includes('problem+json') ?? false
  const { code } = isProblem ? (JSON.parse(text) as { code?: string }) : { code: undefined }
  return { status: response.status, code, retryAfter: response.headers.get('retry-after'), text }
}
