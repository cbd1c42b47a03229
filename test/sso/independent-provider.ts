/** A provider that is not ours, from npm, whose answers a test may spoil; and an emulator whose rule leads to it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Events, type MutableToken, OAuth2Server } from 'oauth2-mock-server'
import { askForCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

export interface IndependentProvider extends AsyncDisposable {
  readonly server: OAuth2Server
  readonly issuer: string
  /** Claims of the next id_tokens; undefined leaves one out. */
  claims: Record<string, unknown>
  /** The requests that came so far, by path. */
  readonly paths: readonly string[]
  stop(): Promise<void>
}

export async function openProvider(): Promise<IndependentProvider> {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256', { kid: 'first' })
  await server.start(0, 'localhost')
  const paths: string[] = []
  const provider = {
    server,
    issuer: server.issuer.url ?? '',
    claims: { sub: 'subject-1', email: 'anyone@sso.example', email_verified: true } as Record<
      string,
      unknown
    >,
    paths,
    stop: async () => {
      if (server.listening) await server.stop()
    },
    async [Symbol.asyncDispose]() {
      await provider.stop()
    },
  }
  server.service.on(Events.BeforeTokenSigning, ({ payload }: MutableToken) =>
    Object.assign(payload, provider.claims),
  )
  return provider
}

export interface RuleOptions {
  readonly mode?: 'forced' | 'optional' | 'off'
  readonly organization?: string
  /** More lines of the rule. */
  readonly more?: string
  /** Further lines of the configuration. */
  readonly beside?: string
}

const folder = mkdtempSync(join(tmpdir(), 'panoptes-sso-'))
let files = 0

/** A configuration whose rule for sso.example in US1 leads to the issuer. @returns its path */
export function ruleFile(
  issuer: string,
  { mode = 'forced', organization = '110', more = '', beside = '' }: RuleOptions = {},
): string {
  files += 1
  const path = join(folder, `rule-${files}.yaml`)
  writeFileSync(
    path,
    `sso:
  - region: us1
    organization: '${organization}'
    domains: [sso.example, acme.example]
    mode: ${mode}
    name: Company login
    oidc: { issuer: '${issuer}', clientId: panoptes, clientSecret: secret-of-panoptes, allowHttpOnLoopback: true }
${more}
${beside}
`,
  )
  return path
}

export const startWith = (
  provider: { issuer: string },
  options: RuleOptions = {},
): Promise<RunningPanoptes> => startPanoptes(['--config', ruleFile(provider.issuer, options)])

/** A person whom Meraki sends, and who has typed the address. The page leads to the provider. */
export async function personAtSignIn(
  service: RunningPanoptes,
  email = 'anyone@sso.example',
  region = 'default',
): Promise<Person> {
  const person = new Person()
  await person.open(askForCode(service).href)
  await person.press('Continue', { region, email })
  return person
}

/** What the provider answers the person with, on the way back. */
export async function answerFor(person: Person): Promise<URL> {
  const answer = await fetch(person.leavesTo, { redirect: 'manual', signal: AbortSignal.timeout(10_000) })
  return new URL(answer.headers.get('location') ?? '')
}

/** The whole way, there and back. */
export async function signInBySso(person: Person): Promise<string> {
  return (await person.open((await answerFor(person)).href)).text
}
