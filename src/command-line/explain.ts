/**
 * Explain: asks a running service, through its operator listener, whether a v7 call would pass and which rule decides. The service
 * walks its own rules for it; there are none here.
 */
import { parseArgs } from 'node:util'
import type { Explanation } from '#domain/explanation.ts'
import { SettingsError } from '../settings.ts'
import type { CommandLineParts } from './command-line.ts'
import { operatorClient } from './users/operator-client.ts'
import { quiet, quietJson } from './users/quiet.ts'

interface Told extends Explanation {
  readonly call: string
  readonly user: { readonly id: string; readonly email: string }
  readonly integration: { readonly clientId: string; readonly name: string | null }
  readonly connection: {
    readonly id: string
    readonly apiToken: string | null
    readonly scopes: readonly string[]
    readonly accountGroups: readonly string[]
    readonly readOnly: boolean
  } | null
  readonly connections: number
  readonly pretendedScopes: readonly string[] | null
}

/** Option by parameter of the operator listener. */
const parameters = {
  user: 'user',
  region: 'region',
  client: 'client',
  apiToken: 'api-token',
  connection: 'connection',
  scopes: 'token-scopes',
  aid: 'aid',
  address: 'address',
  body: 'body',
} as const

const options = {
  ...Object.fromEntries(Object.values(parameters).map((name) => [name, { type: 'string' }] as const)),
  operator: { type: 'string' },
  'operator-token': { type: 'string' },
  json: { type: 'boolean' },
} as const

interface Arguments {
  readonly given: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

function readArguments(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { given: values, words: positionals }
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}`)
  }
}

const usage = 'allowed is [METHOD] PATH, as GET /v7/tests'

/** The method and the path; a path alone is read. */
function callIn(words: readonly string[]): { readonly method: string; readonly path: string } {
  const [first = '', second, ...more] = words
  const found = words.length === 0 ? 'nothing' : words.map((word) => JSON.stringify(word)).join(' ')
  if (first === '' || more.length > 0) throw new SettingsError(`explain: found ${found}; ${usage}`)
  return second === undefined ? { method: 'GET', path: first } : { method: first.toUpperCase(), path: second }
}

function queryOf({ given, words }: Arguments): URLSearchParams {
  const query = new URLSearchParams(callIn(words))
  for (const [parameter, option] of Object.entries(parameters)) {
    const value = given[option]
    if (typeof value === 'string') query.set(parameter, value)
  }
  if (!query.has('user'))
    throw new SettingsError('--user: found nothing; allowed is an e-mail address or an id as us1.1001')
  if (query.has('client') === query.has('apiToken'))
    throw new SettingsError('--client, --api-token: found both or neither; allowed is exactly one of them')
  return query
}

const verdicts: Readonly<Record<Explanation['verdict'], string>> = {
  passes: 'It would pass.',
  refused: 'It would be refused',
  open: 'It would pass, unless what is open below speaks against it.',
}

function verdictIn({ verdict, refusal }: Told): string {
  if (!refusal) return verdicts[verdict]
  return `${verdicts[verdict]} by the rule ${refusal.rule}: ${refusal.status} ${refusal.code}. ${refusal.detail}`
}

/** Whose token it is, and of which connection. */
function tokenIn({ connection, connections, integration, user, pretendedScopes }: Told): readonly string[] {
  const name = connection?.apiToken ?? integration.name ?? integration.clientId
  const who = `${name} for ${user.email} (${user.id})`
  const scopes = (pretendedScopes ?? connection?.scopes ?? []).join(' ')
  if (!connection)
    return pretendedScopes
      ? [`${who}, as if connected with ${scopes}`]
      : [`${who}, who has no such connection`]
  const which = connections > 1 ? `, the newest of ${connections}` : ''
  return [
    `${who}, connection ${connection.id}${which}`,
    `${pretendedScopes ? 'pretended scopes' : 'scopes'} ${scopes}; account groups ${connection.accountGroups.join(' ')}${connection.readOnly ? '; read-only' : ''}`,
  ]
}

function inWords(told: Told): string {
  const width = Math.max(...told.rules.map(({ rule }) => rule.length))
  return [
    told.call,
    ...tokenIn(told),
    '',
    verdictIn(told),
    '',
    ...told.rules.map(
      ({ rule, outcome, words }) => `  ${outcome.padEnd(7)}  ${rule.padEnd(width)}  ${words}`,
    ),
  ]
    .map(quiet)
    .join('\n')
}

/** `panoptes explain ...` @returns the exit code: 0 when the call would pass @throws SettingsError in one line */
export async function explain(
  args: readonly string[],
  { settingsOf, print, network }: CommandLineParts,
): Promise<number> {
  const read = readArguments(args)
  const query = queryOf(read)
  const { operator, 'operator-token': token, json } = read.given
  const text = (value: string | boolean | undefined): string | undefined =>
    typeof value === 'string' ? value : undefined
  const client = operatorClient({ operator: text(operator), token: text(token) }, settingsOf([]), network)
  const told = await client.ask<Told>('GET', `/operator/explain?${query}`)
  print(json === true ? quietJson(told) : inWords(told))
  return told.verdict === 'passes' ? 0 : 1
}
