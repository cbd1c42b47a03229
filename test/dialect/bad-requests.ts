/** What may be wrong with a call, worked out from the rows and schemas under config/v7: each operation gets what applies to it. */
import { type Row, resolve, type Schema } from './sample-bodies.ts'
import type { ValidRequest } from './valid-requests.ts'

export interface BadRequest {
  readonly what: string
  /** Any of them. */
  readonly statuses: readonly number[]
  readonly parameters?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: unknown
  readonly contentType?: string
}

const unknownUuid = '00000000-0000-4000-8000-000000000000'

const also = (query: string, more: string): string => (query === '' ? more : `${query}&${more}`)

/** In the form of the real one, so that not the form is what is refused. */
const unknownLike = (id: string): string => (id.includes('-') ? unknownUuid : '999')

/** Reads that know everything that may be asked for, with the reason. */
const knowsAll: Readonly<Record<string, string>> = {
  getAutonomousSystemAssociatedPrefixes: 'every number of an autonomous system has prefixes, which are drawn',
  getAlertRule:
    'the document says that an unknown rule reads as an empty answer; fidelity.test.ts has the other way',
}

/** What all account groups of an organization share, or of all organizations, by where it stands. */
const isShared = ({ path }: Row): boolean =>
  /^\/(?:users|roles|account-groups|internet-insights|autonomous-systems|emulated-devices)\//.test(path)

function unknownIds(row: Row, valid: ValidRequest): readonly BadRequest[] {
  const { id, parameters, query } = row
  if (parameters.length === 0 || id in knowsAll) return []
  const foreign = {
    what: 'an id of another account group',
    statuses: [404],
    query: also(valid.query, 'aid=1102'),
  }
  const unknown = parameters.map((name) => ({
    what: `an unknown ${name}`,
    statuses: [404],
    parameters: { ...valid.parameters, [name]: unknownLike(valid.parameters[name] ?? '') },
  }))
  return 'aid' in query && !isShared(row) ? [...unknown, foreign] : unknown
}

const isWritable = (schema: Schema): boolean => !resolve(schema).readOnly

const propertiesOf = (schema: Schema): readonly (readonly [string, Schema])[] =>
  Object.entries(resolve(schema).properties ?? {}).filter(([, property]) => isWritable(property))

/** A value of another type; undefined where any is taken. */
const wrongValue = ({ type, properties }: Schema): unknown => {
  if (type === 'string') return { of: 'another type' }
  return type !== undefined || properties ? 'of another type' : undefined
}

function wrongFields(schema: Schema, body: object): readonly BadRequest[] {
  const properties = propertiesOf(schema)
  const wrongType = properties.find(([, one]) => wrongValue(resolve(one)) !== undefined)
  const choice = properties.find(([, one]) => (resolve(one).enum?.length ?? 0) > 1)
  const { required = [], properties: all = {} } = resolve(schema)
  const missing = required.find((key) => all[key] && isWritable(all[key]))
  const without = (key: string): object =>
    Object.fromEntries(Object.entries(body).filter(([name]) => name !== key))
  return [
    ...(wrongType
      ? [
          {
            what: `${wrongType[0]} of a wrong type`,
            statuses: [400],
            body: { ...body, [wrongType[0]]: wrongValue(resolve(wrongType[1])) },
          },
        ]
      : []),
    ...(choice
      ? [{ what: `an unknown ${choice[0]}`, statuses: [400], body: { ...body, [choice[0]]: 'no-such-word' } }]
      : []),
    ...(missing ? [{ what: `no ${missing}`, statuses: [400], body: without(missing) }] : []),
  ]
}

const tooLarge = JSON.stringify({ name: 'x'.repeat(1_100_000) })

function wrongBodies({ body }: Row, valid: ValidRequest): readonly BadRequest[] {
  if (!body) return []
  const schema = resolve({ ref: body.schema })
  const fields =
    typeof valid.body === 'object' && !Array.isArray(valid.body) ? wrongFields(schema, valid.body ?? {}) : []
  return [
    ...fields,
    { what: 'a body of a wrong type', statuses: [400], body: Array.isArray(valid.body) ? {} : ['x'] },
    { what: 'a body that is no JSON', statuses: [400], body: '{"name":' },
    { what: 'a body that is too large', statuses: [413], body: tooLarge },
    { what: 'a body of another content type', statuses: [415], body: 'a=b', contentType: 'text/html' },
    ...(body.required ? [{ what: 'no body', statuses: [400], body: undefined, contentType: '' }] : []),
  ]
}

function wrongQueries({ query }: Row, valid: ValidRequest): readonly BadRequest[] {
  const rest = valid.query.replace(/(?:^|&)window=[^&]*/, '')
  const bad = (what: string, words: string): BadRequest => ({
    what,
    statuses: [400],
    query: also(rest, words),
  })
  const range = 'startDate=2026-01-01T00:00:00Z&endDate=2026-01-02T00:00:00Z'
  const choice = Object.entries(query).find(([name, fact]) => fact.enum && name !== 'expand')
  return [
    ...('cursor' in query
      ? [{ ...bad('a bad cursor', 'cursor=!none'), query: also(valid.query, 'cursor=!none') }]
      : []),
    ...('window' in query && 'startDate' in query
      ? [bad('window together with dates', `window=1h&${range}`)]
      : []),
    ...('window' in query ? [bad('a window that is none', 'window=soon')] : []),
    ...('startDate' in query ? [bad('a date that is none', 'startDate=yesterday')] : []),
    ...(choice
      ? [{ ...bad(`an unknown ${choice[0]}`, ''), query: also(valid.query, `${choice[0]}=no-such-word`) }]
      : []),
    ...('aid' in query
      ? [{ what: 'an account group of others', statuses: [400, 403], query: also(valid.query, 'aid=2101') }]
      : []),
  ]
}

/** All that may be wrong with a call of the operation. */
export const badRequests = (row: Row, valid: ValidRequest): readonly BadRequest[] => [
  ...unknownIds(row, valid),
  ...wrongBodies(row, valid),
  ...wrongQueries(row, valid),
]
