/** A broker in front of a second Panoptes, which is its ThousandEyes, and people who link their accounts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyEncryption } from '#broker/key-encryption.ts'
import { type RunningBroker, startBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'

/** Seeded in the upstream with this token; reaches 1101 and 1102. */
export const adminEmail = 'admin@acme.example'
export const adminToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
export const password = 'A-long-passphrase-7'

export interface LinkedBroker extends AsyncDisposable {
  readonly upstream: RunningPanoptes
  readonly broker: RunningBroker
}

/** @param args options of the command line, as --data */
export const startBrokerBefore = (
  { url }: Pick<RunningPanoptes, 'url'>,
  configuration = '',
  args: readonly string[] = [],
  keys?: KeyEncryption,
): Promise<RunningBroker> =>
  startBroker({
    args,
    ...(keys && { keys }),
    configuration: `upstream: { allowPlaintextLoopback: true, regions: { us1: '${url}', us2: '${url}', eu1: '${url}' } }
signIn: { passwordCost: light }
integrations: '${join(import.meta.dirname, '../../config/integrations.yaml')}'
${configuration}`,
  })

/** @param keys what holds the key-encryption keys, in place of a key file */
export async function startLinkedBroker(keys?: KeyEncryption): Promise<LinkedBroker> {
  const upstream = await startPanoptes()
  const broker = await startBrokerBefore(upstream, '', [], keys)
  return {
    upstream,
    broker,
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]()
      await upstream.stop()
    },
  }
}

/** Asks the operator listener of the broker. */
export const askOperator = (broker: RunningBroker, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${broker.operatorUrl}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${broker.operatorToken}` },
  })

export async function addUser(
  broker: RunningBroker,
  email: string = adminEmail,
  region = 'us1',
): Promise<void> {
  const body = new URLSearchParams({ region, email, organization: '110', password })
  const added = await askOperator(broker, '/operator/users', { method: 'POST', body })
  if (added.status !== 201) throw new Error(`${added.status} ${await added.text()}`)
}

/** Signed in at the tab ThousandEyes account. */
export async function atAccount(broker: RunningBroker, email: string = adminEmail): Promise<Person> {
  const person = new Person()
  await person.open(`${broker.url}/account`)
  await person.signIn(email, password)
  await person.open(`${broker.url}/account/thousandeyes`)
  return person
}

export const pasteToken = (person: Person, token: string = adminToken): Promise<Page> =>
  person.press('Check token', { 'user-api-token': token })

/** Links the account on the account page. @param aids the account groups that are chosen */
export async function linkAt(person: Person, aids: readonly string[] = ['1101', '1102']): Promise<Page> {
  await person.press('Link account')
  await pasteToken(person)
  return person.press('Link account', Object.fromEntries(aids.map((aid) => [`aid-${aid}`, 'on'])))
}

/** Another User API Token of a user of the upstream, generated on the profile there; revokes the one before. */
export async function generateUpstream(
  upstream: RunningPanoptes,
  email: string,
  secret = 'panoptes-us1',
): Promise<string> {
  const person = new Person()
  await person.open(`${upstream.url}/account`)
  await person.signIn(email, secret)
  const profile = await person.open(`${upstream.url}/account/profile`)
  if (profile.text.includes('Revoke')) {
    await person.press('Revoke')
    await person.press('Revoke')
  }
  const { html } = await person.press('Generate')
  const token = /<input[^>]*id="user-api-token"[^>]*value="([^"]*)"[^>]*readonly/.exec(html)?.[1]
  if (token === undefined) throw new Error('no token was shown')
  return token
}

/** All bytes that the broker keeps in its data directory. */
export const keptBytes = ({ data }: RunningBroker): string =>
  readdirSync(data)
    .map((name) => readFileSync(join(data, name), 'latin1'))
    .join('\n')
