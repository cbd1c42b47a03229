import type { Answered } from './answered.ts'
import type { PlaygroundClient } from './client.ts'
import type { Connection, PlayedClient, PlaygroundMemory } from './memory.ts'
import { type OfferedUser, userKey } from './offers.ts'
import type { V7Read } from './playground-page.ts'

/** A form of a known browser. */
export interface Submitted {
  readonly browser: string
  readonly form: ReadonlyMap<string, string>
}

/** Does what a button says. @returns where the browser goes next, on our own origin */
export type Action = (submitted: Submitted) => Promise<string> | string

export const playgroundAt = (connection?: Pick<Connection, 'id'>): string =>
  connection ? `/playground#${connection.id}` : '/playground'

export interface ConnectionActionParts {
  readonly memory: PlaygroundMemory
  readonly client: PlaygroundClient
  readonly clients: readonly PlayedClient[]
  readonly users: readonly OfferedUser[]
  readonly reads: readonly V7Read[]
}

/** What a connector reads with its token, in this order (product documentation 2.4). Events want a span of time. */
const connectorReads = [
  '/v7/account-groups',
  '/v7/tests',
  '/v7/agents',
  '/v7/alerts',
  '/v7/events?window=12h',
]

/** What can stand in a header as a token (RFC 6750 §2.1, and what people paste by mistake). */
const isToken = /^[!-~]{1,200}$/

const trimmed = (form: Submitted['form'], name: string): string => (form.get(name) ?? '').trim().slice(0, 300)

async function readInTurn(
  client: PlaygroundClient,
  apiKey: string,
  accountGroup: string,
): Promise<readonly Answered[]> {
  const answers: Answered[] = []
  for (const path of connectorReads) {
    const answer = await client.read(apiKey, path, path === '/v7/account-groups' ? '' : accountGroup)
    answers.push(answer)
    // A token that is refused once is refused by all of them, and each refusal counts against this address.
    if (answer.status === 401 || answer.status === 429) break
  }
  return answers
}

/** Everything that a connection's card does, by the last part of its path. */
export function connectionActions(parts: ConnectionActionParts): Readonly<Record<string, Action>> {
  const { memory, client, clients, users, reads } = parts

  /** Acts on a connection of this browser that is in one of the states; what is gone or has moved on is left as it is. */
  function on<Kind extends Connection['kind']>(
    kind: Kind,
    act: (
      connection: Extract<Connection, { kind: Kind }>,
      form: Submitted['form'],
    ) => Promise<Parameters<PlaygroundMemory['change']>[2]>,
  ): Action {
    return async ({ browser, form }) => {
      const found = memory.of(browser).connections.find(({ id }) => id === form.get('connection'))
      if (found?.kind !== kind) return playgroundAt(found)
      memory.change(browser, found.id, await act(found as Extract<Connection, { kind: Kind }>, form))
      return playgroundAt(found)
    }
  }

  async function connect({ browser, form }: Submitted): Promise<string> {
    const own = memory.of(browser).registrations.flatMap((each) => each.client ?? [])
    const played = [...clients, ...own].find(({ clientId }) => clientId === form.get('client'))
    if (!played) return playgroundAt()
    if (played.redirectUri === undefined)
      return playgroundAt(memory.add(browser, await client.askForCode(played)))
    const { state, location } = client.authorize(
      played,
      users.find((user) => userKey(user) === form.get('user')),
    )
    memory.add(browser, state)
    return location
  }

  async function connectConnector({ browser, form }: Submitted): Promise<string> {
    const apiKey = trimmed(form, 'api_key')
    const accountGroup = trimmed(form, 'aid')
    const answers = isToken.test(apiKey) ? await readInTurn(client, apiKey, accountGroup) : []
    return playgroundAt(memory.add(browser, { kind: 'connector', apiKey, accountGroup, answers }))
  }

  return {
    connect,
    connector: connectConnector,
    check: on('device', (device) => client.poll(device)),
    call: on('tokens', async (connection, form) => {
      const path = reads.find((read) => read.path === form.get('path'))?.path ?? reads[0]?.path ?? '/v7/tests'
      return { ...connection, last: await client.read(connection.tokens.accessToken, path, '') }
    }),
    refresh: on('tokens', (connection) => client.refresh(connection)),
    'log-out': on('tokens', (connection) => client.logOut(connection)),
    remove({ browser, form }) {
      memory.remove(browser, form.get('connection') ?? '')
      return playgroundAt()
    },
  }
}
