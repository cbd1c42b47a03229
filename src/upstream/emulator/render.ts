import type { OperationRow } from '#upstream/operation-rows.ts'
import type { UpstreamAnswer } from '#upstream/upstream.ts'
import type { Answer } from './call.ts'
import type { Dialect } from './dialects.ts'

/** The answer as bytes, with the content type of the operation unless it brings its own (v7-notes section 4). */
export function render(
  dialect: Dialect,
  row: OperationRow,
  { status, body, text, headers }: Answer,
): UpstreamAnswer {
  const json = text ?? JSON.stringify(body)
  if (json === undefined) return { status, headers: headers ?? {}, body: undefined }
  return {
    status,
    headers: { 'content-type': `${dialect.contentType(row)};charset=UTF-8`, ...headers },
    body: Buffer.from(json),
  }
}
