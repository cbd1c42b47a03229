import type { OperationRow, QueryFact } from '#upstream/operation-rows.ts'
import type { Violation } from './refusals.ts'

/** The values of `expand`: a comma list or repeated parameters, both are taken (v7-notes section 5). */
export const expandOf = (query: URLSearchParams): ReadonlySet<string> =>
  new Set(query.getAll('expand').flatMap((value) => value.split(',')))

function messageFor(fact: QueryFact, value: string): string | undefined {
  if (fact.pattern !== undefined && !new RegExp(fact.pattern).test(value))
    return `must match ${fact.pattern}.`
  if (fact.type === 'boolean' && value !== 'true' && value !== 'false') return 'must be true or false.'
  if (fact.type === 'integer') return messageForInteger(fact, value)
  if (fact.format === 'date-time' && Number.isNaN(Date.parse(value))) return 'must be a date-time.'
  const known = fact.enum
  if (known === undefined) return undefined
  const words = fact.type === 'array' ? value.split(',') : [value]
  return words.every((word) => known.includes(word)) ? undefined : `must be one of ${known.join(', ')}.`
}

function messageForInteger({ minimum, maximum }: QueryFact, value: string): string | undefined {
  const number = Number(value)
  if (!Number.isInteger(number)) return 'must be an integer.'
  if (minimum !== undefined && number < minimum) return `must be at least ${minimum}.`
  return maximum !== undefined && number > maximum ? `must be at most ${maximum}.` : undefined
}

/** What is wrong with the query, in whatever value of a repeated parameter; parameters that the document does not know are ignored, as the live API does (v7-notes section 5). */
export const queryViolations = (row: OperationRow, query: URLSearchParams): readonly Violation[] =>
  Object.entries(row.query).flatMap(([field, fact]) => {
    // An unknown word of it is ignored (DECISIONS 134).
    if (field === 'expand') return []
    const values = query.getAll(field)
    if (values.length === 0) return fact.required ? [{ field, message: 'is required.' }] : []
    const message = values.map((value) => messageFor(fact, value)).find((found) => found !== undefined)
    return message === undefined ? [] : [{ field, message }]
  })
