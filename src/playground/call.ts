/** Port: a request through the whole public listener of this process, checked and recorded like any other. */

export interface OwnRequest {
  readonly method: 'GET' | 'POST'
  /** With the query: `/v7/tests?aid=1101`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface OwnAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** @throws when no answer came: a failure */
export type Call = (request: OwnRequest) => Promise<OwnAnswer>
