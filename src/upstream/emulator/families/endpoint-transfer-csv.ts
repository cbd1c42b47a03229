import type { JsonObject } from '../json.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'

/** The columns of a bulk transfer as the document's own example has them, and the keys of the JSON form. */
const keys: Readonly<Record<string, string>> = { agent_id: 'agentId', from_aid: 'fromAid', to_aid: 'toAid' }

/** RFC 4180 as far as ids need it: a field may stand in quotes, none holds a comma or a line break. */
const fieldsOf = (line: string): readonly string[] =>
  line.split(',').map((field) => field.trim().replace(/^"(.*)"$/, '$1'))

/** @returns an object for each line behind the header, with the keys that the line has something for */
export function transfersInCsv(text: string): readonly JsonObject[] | V7Refusal {
  const [header = '', ...lines] = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '')
  const columns = fieldsOf(header)
  if (columns.toSorted().join() !== Object.keys(keys).join())
    return invalidField('body', `must begin with the line ${Object.keys(keys).join()}.`)
  return lines.map((line) =>
    Object.fromEntries(
      fieldsOf(line).flatMap((value, index) => {
        const key = keys[columns[index] ?? '']
        return key !== undefined && value !== '' ? [[key, value]] : []
      }),
    ),
  )
}
