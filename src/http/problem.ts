/** A refusal or failure in the words of RFC 9457 and in the shape of v7 (thousandeyes-facts 6.2): `about:blank` with a title of its own. */
export interface Problem {
  readonly status: number
  readonly title: string
  /** For the client's developer: says what to do, never what we know. */
  readonly detail: string
  /** The path of the request, without its query. */
  readonly instance: string
  /** A word for programs. An extension member of ours (RFC 9457 §3.2). */
  readonly code: string
}

/** As the live service writes it, charset included (thousandeyes-facts 6.1). */
export const problemType = 'application/problem+json;charset=UTF-8'

export const problemBody = ({ status, title, detail, instance, code }: Problem): string =>
  JSON.stringify({ type: 'about:blank', title, status, detail, instance, code })
