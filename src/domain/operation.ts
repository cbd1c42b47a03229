/** One v7 operation: a method and a path template of the official document, with what it takes to call it. */
export interface Operation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v7`, with parameters in braces: `/tests/http-server/{testId}`. */
  readonly path: string
  /** Any one of these scope words opens it; empty means nothing does (default deny). */
  readonly scopes: readonly string[]
  /** Whether it changes nothing: a GET, or a POST that only asks. */
  readonly isRead: boolean
  /** Whether it takes the `aid` query parameter. */
  readonly takesAccountGroup: boolean
  /** The rate windows it draws from besides the organization's or the client's. */
  readonly bucket: 'instant-test' | 'template-deploy' | 'dashboard-snapshot' | undefined
  /** Names of the query parameters that it documents. */
  readonly query: readonly string[]
}
