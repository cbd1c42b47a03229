/** Account groups that a request body may name, beside the one of `aid`. */
export interface GroupsInBody {
  /**
   * Members at any depth, in any case. What stands in a `named` one is an account group, what stands in one of `all` is about all of
   * them, and `none` means what stands in members within.
   */
  readonly members: ReadonlyMap<string, 'named' | 'all' | 'none'>
  /** Whether the body is JSON and nothing else. */
  readonly isJsonAlone: boolean
}

/** What an operation has to do with account groups beside the one of `aid` (config/account-groups.yaml). */
export interface OtherGroups {
  /** Whether it is about all that there are, whatever is asked. */
  readonly needsAll: boolean
  readonly inBody: GroupsInBody | undefined
  /** The member of its answer that lists account groups. */
  readonly listed: string | undefined
}

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
  readonly otherGroups: OtherGroups | undefined
  /** The rate windows it draws from besides the organization's or the client's. */
  readonly bucket: 'instant-test' | 'template-deploy' | 'dashboard-snapshot' | undefined
  /** Names of the query parameters that it documents. */
  readonly query: readonly string[]
}
