/** What programs and people do with two versions at once: each request goes to the other node than the one before. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { generate, tokensPath } from '../account/api-token.ts'
import { adminToken, callWith, ops, signedIn, viewer } from '../account/signed-in.ts'
import {
  askForDevice,
  connectMeraki,
  pollDevice,
  post,
  readsAgents,
  refresh,
  typeUserCode,
} from '../steps/requests.ts'
import { Person } from '../support/person.ts'
import type { Alternating } from './alternating.ts'
import { askOperator } from './broker-ground.ts'
import type { Load } from './load/load.ts'
import type { NodeProcess } from './node-process.ts'

interface Crossing extends Alternating {
  /** It has the first request. */
  readonly one: NodeProcess
  readonly other: NodeProcess
  readonly load: Load
  /** So long after an answer the other version may not have heard of it. */
  readonly unheardMs: number
}

type Served = Pick<NodeProcess, 'url'>

/** The status that each node answers. */
const fromBoth = (
  { nodes }: Crossing,
  ask: (node: NodeProcess) => Promise<number>,
): Promise<readonly number[]> => Promise.all(nodes.map(ask))

const readsTests =
  (token: string) =>
  (node: Served): Promise<number> =>
    callWith(node, token)

/** A connection of which each step is another node's than the one before. */
async function crossConnection({ one, other, load, unheardMs }: Crossing): Promise<void> {
  const client = await load.connect()
  const [here, there] = [client.rival(one.url), client.rival(other.url)]
  expect(await here.call()).toMatchObject({ status: 200 })
  expect(await there.call()).toMatchObject({ status: 200 })
  // What the one answered the other gives again.
  expect(await here.refresh()).toMatchObject({ status: 200 })
  expect(await there.refresh()).toMatchObject({ status: 200 })
  expect(there.refreshToken()).toBe(here.refreshToken())
  // What the one issued the other refreshes, and back.
  expect(await there.refresh()).toMatchObject({ status: 200 })
  const back = there.rival(one.url)
  expect(await back.refresh()).toMatchObject({ status: 200 })
  const last = back.rival(other.url)
  expect(await last.call()).toMatchObject({ status: 200 })
  expect(await last.revoke()).toMatchObject({ status: 200 })
  await pause(unheardMs)
  expect(await back.call()).toMatchObject({ status: 401 })
  expect(await back.refresh()).toMatchObject({ status: 400 })
}

/** A person signs in, confirms, sees the connection and ends it, and each page comes from another node. */
async function crossPages(crossing: Crossing): Promise<void> {
  const { url, nodes, unheardMs } = crossing
  const person = new Person()
  const tokens = await connectMeraki({ url }, person, viewer)
  const read = (node: Served): Promise<number> => readsAgents(node, tokens.access_token)
  expect(await fromBoth(crossing, read)).toEqual([200, 200])
  for (const _node of nodes) expect((await person.open(`${url}/account`)).text).toContain('Meraki US1')
  expect((await person.press('Disconnect')).text).toContain('Meraki is disconnected')
  await pause(unheardMs)
  expect(await fromBoth(crossing, read)).toEqual([401, 401])
  const again = async (node: Served): Promise<number> => (await refresh(node, tokens.refresh_token)).status
  expect(await fromBoth(crossing, again)).toEqual([400, 400])
  await person.open(`${url}/account`)
  await person.press('Sign out')
  for (const _node of nodes) expect((await person.open(`${url}/account`)).text).not.toContain('Sign out')
}

/** A device asks one node, and the person types its code at the other. */
async function crossDevice({ url, one, other }: Crossing): Promise<void> {
  const device = await askForDevice({ url })
  expect(await pollDevice(other, device)).toBe('authorization_pending')
  const person = await signedIn({ url }, ops)
  await typeUserCode({ url }, person, device.user_code)
  await person.press('Continue')
  expect((await person.press('Confirm')).text).toContain('Device connected')
  expect(await pollDevice(one, device)).toBe('granted')
  expect(await pollDevice(other, device)).toBe('invalid_grant')
}

/** A scoped API token, and the User API Token of the seed. */
async function crossApiToken(crossing: Crossing): Promise<void> {
  const { url, unheardMs } = crossing
  const person = await signedIn({ url }, ops)
  const token = await generate({ url }, person)
  expect(await fromBoth(crossing, readsTests(token))).toEqual([200, 200])
  await person.open(`${url}${tokensPath}`)
  await person.press('Revoke')
  await pause(unheardMs)
  expect(await fromBoth(crossing, readsTests(token))).toEqual([401, 401])
  expect(await fromBoth(crossing, readsTests(adminToken))).toEqual([200, 200])
}

/** A client registers at one node, and both know it. */
async function crossRegistration(crossing: Crossing): Promise<void> {
  const answer = await fetch(`${crossing.url}/v7/oauth2/clients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'none' }),
  })
  expect(answer.status).toBe(201)
  const { client_id } = (await answer.json()) as { readonly client_id: string }
  const errorOf = async (node: Served, client: string): Promise<unknown> => {
    const form = { grant_type: 'authorization_code', client_id: client, code: 'none-of-ours' }
    return ((await (await post(`${node.url}/v7/oauth2/token`, form)).json()) as { error?: string }).error
  }
  for (const node of crossing.nodes) {
    expect(await errorOf(node, client_id)).toBe('invalid_grant')
    expect(await errorOf(node, `${client_id}x`)).toBe('invalid_client')
  }
}

/** An operator of one node ends what began at the other. */
async function crossOperator(crossing: Crossing): Promise<void> {
  const { url, other, unheardMs } = crossing
  const { access_token: token } = await connectMeraki({ url }, new Person(), viewer)
  const ended = await askOperator(other, '/operator/connections?region=us1&user=viewer@acme.example', {
    method: 'DELETE',
  })
  expect([ended.status, await ended.json()]).toEqual([200, { revoked: 1 }])
  await pause(unheardMs)
  expect(await fromBoth(crossing, (node) => readsAgents(node, token))).toEqual([401, 401])
}

const steps = [
  crossConnection,
  crossPages,
  crossDevice,
  crossApiToken,
  crossRegistration,
  crossOperator,
] as const

/** Each step with either node as the first one. @param unheardMs 0 where a node looks at the store for each request */
export async function crossVersions(place: Alternating, load: Load, unheardMs = 0): Promise<void> {
  for (const [one, other] of [place.nodes, place.nodes.toReversed() as unknown as Alternating['nodes']])
    for (const step of steps) {
      place.beginWith(one)
      await step({ ...place, one, other, load, unheardMs })
    }
}
