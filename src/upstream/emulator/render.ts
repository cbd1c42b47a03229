import type { OperationRow } from '#upstream/operation-rows.ts'
import type { UpstreamAnswer } from '#upstream/upstream.ts'
import type { Answer } from './call.ts'

/** Live answers carry this type wherever the document declares HAL (v7-notes section 4). */
const halType = 'application/hal+json;charset=UTF-8'

const contentTypeOf = (row: OperationRow): string =>
  row.answer.types?.[0] === 'application/hal+json' ? halType : 'application/json;charset=UTF-8'

/** The answer as bytes, with the content type of the operation unless it brings its own. */
export function render(row: OperationRow, { status, body, text, headers }: Answer): UpstreamAnswer {
  const json = text ?? JSON.stringify(body)
  if (json === undefined) return { status, headers: headers ?? {}, body: undefined }
  return {
    status,
    headers: { 'content-type': contentTypeOf(row), ...headers },
    body: Buffer.from(json),
  }
}
