/** What a scenario of a broker stands on: a directory for `panoptes serve`, and users who have linked and connected by its pages. */
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { localKeyLine } from '#broker/local-keys.ts'
import type { RegionId } from '#domain/region.ts'
import { keyNamed } from '../broker/open-vault.ts'
import { askForCode, exchangeCode } from '../steps/requests.ts'
import { Person } from '../support/person.ts'
import { emailOf, userTokenOf } from './counting-upstream.ts'
import type { Entry } from './judge/history.ts'
import { type Client, cloud, type Ground, openClient } from './load/client.ts'
import type { NodeParts, NodeProcess } from './node-process.ts'
import { freshFolder } from './sqlite-ground.ts'

const password = 'A-long-passphrase-7'

export interface BrokerSettings {
  /** Keys that wrap what users link, by the letters of `keyNamed`; newest first. Empty: the configuration names none. */
  readonly keys: string
  /** Lines of YAML below `upstream:`. */
  readonly upstream: readonly string[]
}

export interface BrokerGround extends Pick<NodeParts, 'command' | 'options'> {
  readonly database: string
  /** For the next start. */
  configure(settings: BrokerSettings): void
}

export function brokerGround(settings: BrokerSettings): BrokerGround {
  const folder = freshFolder()
  const [data, config] = [join(folder, 'data'), join(folder, 'broker.yaml')]
  const configure = ({ keys, upstream }: BrokerSettings): void => {
    const lines = [
      ...(keys === ''
        ? []
        : [`keyEncryptionKeys: '${[...keys].map((letter) => localKeyLine(keyNamed(letter))).join(',')}'`]),
      'signIn: { passwordCost: light }',
      'callsPerMinute: 1000000',
      `integrations: '${resolve('config/integrations.yaml')}'`,
      'upstream:',
      ...['allowPlaintextLoopback: true', ...upstream].map((line) => `  ${line}`),
    ]
    writeFileSync(config, lines.join('\n'), { mode: 0o600 })
  }
  configure(settings)
  return {
    command: 'serve',
    options: ['--config', config, '--data', data],
    database: join(data, 'panoptes.db'),
    configure,
  }
}

export const regionsAt = (origin: string): string =>
  `regions: { us1: '${origin}', us2: '${origin}', eu1: '${origin}' }`

export const askOperator = (node: NodeProcess, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${node.operatorUrl()}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${node.operatorToken()}` },
  })

/** What clients share: connections that end with the test, and the history of all that they were answered. */
export function clientGround(target: () => string): Ground & { readonly history: readonly Entry[] } {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const history: Entry[] = []
  return { target, agent, history, note: (entry) => void history.push(entry) }
}

export interface BrokerUser {
  /** Of the account at the upstream. */
  readonly number: number
  /** `us1` where it is left out. */
  readonly region?: RegionId
  /** The user's alone where it is left out. */
  readonly organization?: number
}

/** A user who links the account of that number at the upstream, and connects Meraki. */
export async function linkedClient(
  node: NodeProcess,
  { number, region = 'us1', organization = 1_000 + number, ...ground }: Ground & BrokerUser,
): Promise<Client> {
  const email = emailOf(number)
  const body = new URLSearchParams({ region, email, organization: String(organization), password })
  const added = await askOperator(node, '/operator/users', { method: 'POST', body })
  if (added.status !== 201) throw new Error(`${added.status} ${await added.text()}`)
  const person = new Person()
  const asked = askForCode(node)
  await person.open(asked.href)
  await person.signIn(email, password, region)
  await person.press('Check token', { 'user-api-token': userTokenOf(email) })
  await person.press('Link account', { 'aid-1101': 'on' })
  await person.press('Confirm')
  const tokens = { ...(await exchangeCode(node, asked, person.leavesTo)) }
  return openClient(ground, { chain: number, credentials: cloud, tokens })
}

/** The user gives another User API Token in the place of the linked one. */
export async function relink(node: NodeProcess, { number }: BrokerUser, token: string): Promise<void> {
  const person = new Person()
  await person.open(`${node.url}/account`)
  await person.signIn(emailOf(number), password)
  await person.open(`${node.url}/account/thousandeyes`)
  await person.press('Replace token or account groups')
  await person.press('Check token', { 'user-api-token': token })
  await person.press('Link account', { 'aid-1101': 'on' })
}
