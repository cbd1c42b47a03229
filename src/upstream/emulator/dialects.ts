/** Where recorded answers of v7 and its document differ, as data: one dialect for each fidelity (v7-notes sections 4, 7, 9 and 11). */
import { readFileSync } from 'node:fs'
import type { Fidelity } from '#domain/fidelity.ts'
import { configFolder, type OperationRow } from '#upstream/operation-rows.ts'

/** How a refusal is worded; problems.ts has the words. */
export type Form =
  | 'empty'
  | 'problem'
  | 'validation-error'
  | 'title-only'
  | 'own-title'
  | 'spring-default'
  | 'streams'
  | 'unauthorized'

export interface RefusalForm {
  readonly form: Form
  readonly type: string
}

export interface Dialect {
  /** @param isTitle whether the words of the refusal are a whole title */
  refusal(row: OperationRow, status: number, isTitle: boolean): RefusalForm
  /** Of an answer that succeeds, without its charset. */
  contentType(row: OperationRow): string
  /** What reading an alert rule that does not exist answers. */
  readonly unknownAlertRule: 'not-found' | 'empty-object'
  /** What answers have in the place of a secret that the document calls both write-only and required. */
  readonly requiredSecrets: 'masked' | 'left-out'
  /** What a test without network measurements has of BGP when nobody says. */
  readonly bgpWithoutNetwork: 'off' | 'on'
  /** Fields of tests that stay away when they are not given, though the document has a default of them. */
  readonly testFieldsWithoutDefault: readonly string[]
}

/** What the document says of errors, by operation and status: the name of a schema, with its type where it is no problem+json. */
export type ErrorFacts = Readonly<
  Record<string, string | { readonly schema: string; readonly type: string } | null>
>

export type Errors = Readonly<Record<string, ErrorFacts>>

const problem = 'application/problem+json'

const declaredType = ({ answer }: OperationRow): string => answer.types?.[0] ?? 'application/json'

/** Bad requests of API groups as they were seen, or as the document has them where nobody recorded one. */
const seenBadRequests: Readonly<Record<string, RefusalForm>> = {
  Tests: { form: 'title-only', type: problem }, //                            verbatim observation (thousandeyes-facts 6.2)
  Instant_Tests: { form: 'title-only', type: problem },
  Integrations: { form: 'spring-default', type: 'application/json' }, //      observed of webhooks
  ThousandEyes_for_OpenTelemetry: { form: 'streams', type: 'application/json' },
}

const live: Dialect = {
  refusal({ api }, status, isTitle) {
    if (status === 404) return { form: 'empty', type: '' } //                 observed
    if (isTitle) return { form: 'own-title', type: problem } //               "Failed to deserialize" of a bad cursor
    if (status === 400) return seenBadRequests[api] ?? { form: 'validation-error', type: problem }
    return status === 412 ? { form: 'streams', type: 'application/json' } : { form: 'problem', type: problem }
  },
  contentType: (row) =>
    // Declared as HAL, seen as plain JSON.
    row.method === 'POST' && row.path.endsWith('/filter') ? 'application/json' : declaredType(row),
  unknownAlertRule: 'not-found', //                                           what Terraform's provider looks for to see it gone
  requiredSecrets: 'masked', //                                               without them the SDK for Python 6.0.0 cannot read it
  // Terraform's provider knows no default of these two. Its acceptance tests leave them out and want nothing to plan afterwards.
  testFieldsWithoutDefault: ['desiredStatusCode', 'targetTime'],
  bgpWithoutNetwork: 'off', //                                                as its test of an FTP server wants it
}

const formBySchema: Readonly<Record<string, Form>> = {
  Error: 'problem',
  ValidationError: 'validation-error',
  BadRequestError: 'streams',
  ApiErrorIntegrationLimits: 'streams',
  UnauthorizedError: 'unauthorized',
}

/** @param errors what the document says of them */
const spec = (errors: Errors): Dialect => ({
  refusal({ id, as = id }, status) {
    const fact = errors[as]?.[status]
    if (fact === null) return { form: 'empty', type: '' }
    // What the document does not declare is worded as what it does.
    if (fact === undefined) return { form: status === 400 ? 'validation-error' : 'problem', type: problem }
    const { schema, type } = typeof fact === 'string' ? { schema: fact, type: problem } : fact
    return { form: formBySchema[schema] ?? 'problem', type }
  },
  contentType: declaredType,
  unknownAlertRule: 'empty-object', //                                        said of this operation alone
  requiredSecrets: 'left-out',
  testFieldsWithoutDefault: [],
  bgpWithoutNetwork: 'on',
})

/** @throws when config/v7/errors.json is missing or broken */
export const readErrors = (): Errors =>
  JSON.parse(readFileSync(new URL('v7/errors.json', configFolder), 'utf8')) as Errors

/** @throws when a table that it needs is missing or broken */
export const dialectOf = (fidelity: Fidelity): Dialect => (fidelity === 'live' ? live : spec(readErrors()))
