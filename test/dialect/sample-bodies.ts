/** Valid request bodies, made from the schemas under config/v7, with what they cannot say (which objects exist) beside them. */
import { readFileSync } from 'node:fs'

export interface Schema {
  readonly ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly example?: unknown
  readonly minimum?: number
  readonly pattern?: string
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  readonly deprecated?: boolean
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly discriminator?: { readonly property: string; readonly mapping: Readonly<Record<string, string>> }
}

export interface Row {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly api: string
  readonly query: Readonly<
    Record<string, { readonly type: string; readonly required?: true; readonly enum?: readonly unknown[] }>
  >
  readonly parameters: readonly string[]
  readonly body?: { readonly required: boolean; readonly types: readonly string[]; readonly schema: string }
  readonly answer: {
    readonly status: number
    readonly schema?: string
    readonly location?: true
    readonly arrays?: readonly string[]
    readonly links?: readonly string[]
  }
}

const table = (name: string): unknown => JSON.parse(readFileSync(`config/v7/${name}.json`, 'utf8'))

export const rows = table('operations') as readonly Row[]

/** Rows by the names that tests of them have. */
export const named = (some: readonly Row[]): readonly (readonly [name: string, row: Row])[] =>
  some.map((row) => [`${row.method} ${row.path}`, row])

const schemas = table('schemas') as Readonly<Record<string, Schema>>

export const resolve = (schema: Schema): Schema =>
  schema.ref === undefined
    ? schema
    : { ...resolve(schemas[schema.ref] ?? {}), ...{ ...schema, ref: undefined as never } }

/** Objects of the seed, by the name of the field that refers to them; and texts where the schema says only that there is one. */
const known: Readonly<Record<string, unknown>> = {
  agentId: '110202',
  targetAgentId: '110201',
  aid: '1101',
  toAid: '1102',
  testIds: ['110301'],
  prefix: '203.0.113.0/24',
  server: 'www.acme.example:443',
  domain: 'acme.example A',
  url: 'https://www.acme.example',
  email: 'sample@acme.example',
  roleArn: 'arn:aws:iam::012345678901:role/sample',
  body: '{"status":"open"}',
  queryParams: '{"status":"open"}',
}

let count = 0
const text = (name: string): string => {
  count += 1
  return `sample-${name}-${count}`
}

const widgets = [
  { type: 'Number', title: 'Numbers', numberCards: [{ description: 'Loss', metric: 'NET_LOSS' }] },
  { type: 'Multi Metric Table', multiMetricColumns: [{ metric: 'NET_LOSS' }] },
]
const seededTag = '5aeab5d5-0d34-4d44-a7ac-000000001101'
const stream = {
  streamEndpointUrl: 'https://collector.acme.example',
  testMatch: [{ id: '110301', domain: 'cea' }],
}
const tag = () => ({ key: text('key'), value: 'sample', objectType: 'test', accessType: 'all' })

/** Beside what a schema requires: without it a body says nothing, or what it says is nonsense. By the schema's name. */
const beside: readonly (readonly [RegExp, () => Readonly<Record<string, unknown>>])[] = [
  [/InstantTestRequest$/, () => ({ agents: [{ agentId: '110202' }] })],
  [/^UpdateBgpTestRequest$/, () => ({ testName: text('test') })],
  [/^InterfaceGroup$/, () => ({ groupName: text('group'), ipAddresses: ['203.0.113.7'] })],
  [/^Stream$/, () => ({ type: 'opentelemetry', signal: 'metric', endpointType: 'grpc', ...stream })],
  [/^PutStream$/, () => stream],
  [/^TagInfo$/, tag],
  [/^BulkTagResponse$/, () => ({ tags: [tag(), tag()] })],
  [/^TagAssignment$/, () => ({ assignments: [{ id: '110301', type: 'test' }] })],
  [
    /^BulkTagAssignments$/,
    () => ({ tags: [{ tagId: seededTag, assignments: [{ id: '110302', type: 'test' }] }] }),
  ],
  [/^CredentialRequest$/, () => ({ name: text('credential'), value: 'a secret' })],
  [
    /^AlertSuppressionWindowRequest$/,
    () => ({ name: text('window'), startDate: '2030-01-01T00:00:00Z', duration: 60, testIds: ['110301'] }),
  ],
  [/^AgentRequest$/, () => ({ agentName: text('agent') })],
  [/^AgentClusterAssignRequest$/, () => ({ agents: ['110202'] })],
  [/^AgentClusterUnassignRequest$/, () => ({ members: ['110211'] })],
  [/^AgentTestsAssignRequest$/, () => ({ testIds: ['110301'] })],
  [
    /^UserRequest$/,
    () => ({
      name: text('user'),
      email: `${text('user')}@acme.example`,
      loginAccountGroupId: '1101',
      accountGroupRoles: [{ accountGroupId: '1101', roleIds: ['37'] }],
    }),
  ],
  [/^RoleRequestBody$/, () => ({ name: text('role'), permissions: ['1'] })],
  [/^ApiContextFilterRequest$/, () => ({ name: text('filter') })],
  [/^Dashboard$/, () => ({ title: text('dashboard'), widgets })],
  [/^Quotas?Assign|^OrganizationsQuotasAssign/, () => ({})],
  [/^EndpointAgentUpdate$/, () => ({ name: text('agent') })],
  [
    /^BulkAgentTransferRequest$/,
    () => ({
      transfers: [{ agentId: '3fde6422-f119-40e1-ae32-000000001101', fromAid: '1101', toAid: '1102' }],
    }),
  ],
  [/^AgentTransferRequest$/, () => ({ toAid: '1102' })],
]

function scalar(name: string, schema: Schema): unknown {
  if (typeof known[name] === schema.type) return known[name]
  if (schema.enum) return schema.default ?? schema.enum[0]
  const told = schema.example ?? schema.default ?? schema.minimum
  if (schema.type === 'boolean') return told ?? false
  if (schema.type !== 'string') return told ?? 1
  return told === undefined ? text(name) : String(told)
}

function value(name: string, given: Schema, isFull: boolean): unknown {
  const schema = resolve(given)
  const { discriminator } = schema
  if (discriminator) {
    const [[word, variant] = ['', '']] = Object.entries(discriminator.mapping)
    return { ...(value(name, { ref: variant }, isFull) as object), [discriminator.property]: word }
  }
  const [first] = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]
  if (first) return value(name, first, isFull)
  if (schema.type === 'array' && Array.isArray(known[name])) return known[name]
  if (schema.type === 'array')
    return schema.items ? [value(name.replace(/s$/, ''), schema.items, isFull)] : []
  return schema.properties || schema.type === 'object' ? object(schema, isFull) : scalar(name, schema)
}

function object(schema: Schema, isFull: boolean): Readonly<Record<string, unknown>> {
  const entries = Object.entries(schema.properties ?? {})
    .filter(([name, property]) => {
      const { readOnly, deprecated } = resolve(property)
      return !readOnly && (schema.required?.includes(name) || (isFull && !deprecated))
    })
    .map(([name, property]) => [name, value(name, property, isFull)] as const)
  return Object.fromEntries(entries)
}

/** With what is required, or with all that may be written. */
export const sampleOf = (schema: string, isFull = false): unknown => {
  const made = value(schema, { ref: schema }, isFull)
  if (Array.isArray(made)) return made
  return { ...(made as object), ...beside.find(([pattern]) => pattern.test(schema))?.[1]() }
}
