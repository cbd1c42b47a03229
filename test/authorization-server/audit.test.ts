import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/audit/audit.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import {
  authorizeQuery,
  connectMeraki,
  exchange,
  merakiSecret,
  newCode,
  paths,
  post,
  refresh,
  signedIn,
  type Tokens,
} from './protocol.ts'

/** Every ending of a connection is one entry, written in the same commit (DECISIONS 15). */
const data = keptOnDisk()
let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes(['--data', data.path])
  person = await signedIn(service)
})
afterAll(async () => {
  await service.stop()
  data[Symbol.dispose]()
})

/** The entries about the connection of a token. */
async function entriesOf(token: string): Promise<readonly AuditEvent[]> {
  const { store } = openSqliteStore({
    path: join(data.path, 'panoptes.db'),
    clock: systemClock,
    random: randomBytes,
  })
  try {
    const entries = (await store.list('audit')).map(({ value }) => JSON.parse(value) as AuditEvent)
    return entries.filter(({ grant }) => grant === token.slice(0, 16))
  } finally {
    await store.close()
  }
}

const revoke = (token: string): Promise<Response> =>
  post(service, paths.revoke, { ...merakiSecret, token }).then()

describe('the audit record of a connection', () => {
  test('names user, integration and scopes when it begins, and holds no token', async () => {
    const tokens = await connectMeraki(service, person)
    const entries = await entriesOf(tokens.access_token)
    expect(entries).toEqual([
      expect.objectContaining({ event: 'grant-created', userId: 'us1.1001', clientId: 'meraki' }),
    ])
    expect(JSON.stringify(entries)).not.toContain(tokens.access_token)
  })

  const endings: readonly (readonly [string, string, (tokens: Tokens, code: string) => Promise<unknown>])[] =
    [
      ['its refresh token is revoked', 'grant-revoked', (tokens) => revoke(tokens.refresh_token)],
      ['its access token is revoked', 'grant-revoked', (tokens) => revoke(tokens.access_token)],
      ['its code comes again', 'code-replay-detected', (_tokens, code) => exchange(service, code).then()],
      [
        'an old refresh token comes again',
        'refresh-reuse-detected',
        async (tokens) => {
          const second = (await refresh(service, tokens.refresh_token)).body as Tokens
          await refresh(service, second.refresh_token)
          await refresh(service, tokens.refresh_token)
          await refresh(service, tokens.refresh_token)
        },
      ],
      [
        'the operator ends it',
        'grant-revoked',
        async () => {
          const headers = { authorization: `Bearer ${service.operatorToken}` }
          await fetch(`${service.operatorUrl}/operator/connections?integration=meraki`, {
            method: 'DELETE',
            headers,
          })
        },
      ],
    ]

  test.each(endings)('has exactly one end when %s', async (_how, event, end) => {
    const code = await newCode(service, person)
    const tokens = (await exchange(service, code)).body as Tokens
    await end(tokens, code)
    const events = (await entriesOf(tokens.access_token)).map((entry) => entry.event)
    expect(events).toEqual(['grant-created', event])
  })

  test('has none when the user presses Logout: there is no connection', async () => {
    const other = await signedIn(service)
    await other.open(`${service.url}${paths.authorize}?${authorizeQuery()}`)
    await other.press('Logout')
    expect(other.leavesTo.searchParams.get('error')).toBe('access_denied')
  })
})
