import { type JsonObject, objectsOf } from '../json.ts'
import { mask } from '../secrets.ts'

/** Headers whose value lets somebody in, by the words in their names. Which ones ThousandEyes masks is not published. */
const secretName = /authorization|cookie|key|password|secret|token/i

/** The `headers` of an operation or connector, secret values masked; nothing when it has none. */
export function headersShown({ headers }: JsonObject): JsonObject {
  if (headers === undefined) return {}
  return {
    headers: objectsOf(headers).map((header) =>
      secretName.test(String(header['name'])) ? { ...header, value: mask } : header,
    ),
  }
}
