import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'vitest'
import { storeAuditTrail } from '#audit/store-audit.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import type { Operation } from '#domain/operation.ts'
import { parseUserId } from '#domain/user.ts'
import type { Directory } from '#identity/directory.ts'
import type { UserApiTokens } from '#identity/user-api-tokens.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import {
  type EmbeddedUpstream,
  loadV7Facts,
  openEmulator,
  seedV7,
  type V7Facts,
} from '#upstream/emulator/emulator.ts'
import { readSeed, type Seed } from '#upstream/emulator/seed.ts'
import { loadOperations } from '#upstream/operations.ts'
import type { UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

export const origin = 'http://localhost:7070'
export const admin = 'us1.1001'
export const ops = 'us1.1002'
export const viewer = 'us1.1003'

export const defaultSeed: Seed = await readSeed('config/seeds/default.yaml')

/** What came back, the body parsed. Tests reach into it, so that it is as loose as JSON is. */
export interface Came {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies of v7 differ per operation, and tests name what they expect
  readonly body: any
}

export interface CallOptions {
  readonly as?: string
  readonly aid?: string
  readonly query?: string
  /** Sent as JSON, or as it is when it is text. */
  readonly body?: unknown
  readonly contentType?: string
  /** The User API Token that the call was made with. */
  readonly presentedToken?: string
}

export interface Calls {
  readonly upstream: EmbeddedUpstream
  readonly operations: readonly Operation[]
  readonly clock: FakeClock
  /** What the upstream keeps its objects in. */
  readonly store: Store
  /** What the emulator asked of the directory, oldest first. */
  readonly directoryCalls: readonly (readonly [string, unknown])[]
  call(method: string, path: string, options?: CallOptions): Promise<Came>
}

/** A call that is to be done. @returns the body of the answer */
export async function done(
  calls: Calls,
  ...[method, path, options]: Parameters<Calls['call']>
): Promise<Came['body']> {
  const { status, text, body } = await calls.call(method, path, options)
  expect([path, status < 300 ? 'done' : text]).toEqual([path, 'done'])
  return body
}

/** Finds the operation as the gateway does: fixed segments win over parameters. */
function match(operations: readonly Operation[], method: string, path: string) {
  const found = operations
    .filter((operation) => operation.method === method)
    .flatMap((operation) => {
      const pattern = operation.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
      const groups = new RegExp(`^${pattern}$`).exec(path)
      return groups ? [{ operation, parameters: { ...groups.groups } }] : []
    })
    .sort((a, b) => Object.keys(a.parameters).length - Object.keys(b.parameters).length)[0]
  if (!found) throw new Error(`${method} ${path} is no operation`)
  return found
}

export const memoryStore = (clock: FakeClock): Store =>
  openSqliteStore({ path: ':memory:', clock, random: randomBytes }).store

/** An embedded upstream on a store of its own, or on the one given. */
export async function openCalls(
  given: { store?: Store; clock?: FakeClock; facts?: V7Facts; fidelity?: Fidelity } = {},
): Promise<Calls> {
  const clock = given.clock ?? fakeClock()
  const directoryCalls: (readonly [string, unknown])[] = []
  const note =
    (name: string) =>
    async (...args: readonly unknown[]): Promise<undefined> => {
      directoryCalls.push([name, args.length > 1 ? args : args[0]])
      return undefined
    }
  const directory = {
    enrol: note('enrol'),
    update: note('update'),
    setPassword: note('setPassword'),
    endSessions: note('endSessions'),
    remove: note('remove'),
  } as unknown as Directory
  const userApiTokens: UserApiTokens = {
    ownerOf: async () => undefined,
    install: async () => {},
    rotate: async () => ({ token: '00000000-0000-4000-8000-000000000001', expiresAt: clock.now() + 1000 }),
    revoke: async () => {},
  }
  const [operations, facts] = await Promise.all([loadOperations(), given.facts ?? loadV7Facts()])
  const store = given.store ?? memoryStore(clock)
  await seedV7(store, defaultSeed, facts)
  const upstream = await openEmulator({
    store,
    clock,
    randomBytes,
    directory,
    userApiTokens,
    trail: storeAuditTrail(store, clock),
    origin,
    facts,
    ...(given.fidelity && { fidelity: given.fidelity }),
  })
  return {
    upstream,
    operations,
    clock,
    store,
    directoryCalls,
    async call(method, path, options = {}) {
      const { operation, parameters } = match(operations, method, path)
      const answer = await upstream.send({ ...requestOf(options), operation, parameters })
      return cameOf(answer)
    },
  }
}

function requestOf(options: CallOptions): Omit<UpstreamRequest, 'operation' | 'parameters'> {
  const user = parseUserId(options.as ?? admin)
  if (!user) throw new Error(`${options.as} is no user id`)
  const { aid, body, contentType = 'application/json', presentedToken } = options
  const query = new URLSearchParams(options.query)
  if (aid !== undefined) query.set('aid', aid)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    region: user.region,
    credential: {
      kind: 'standing',
      userId: user.id,
      ...(presentedToken !== undefined && { presentedToken }),
    },
    query,
    accountGroup: aid as AccountGroupId | undefined,
    headers: body === undefined ? {} : { 'content-type': contentType },
    body: body === undefined ? undefined : Readable.from([Buffer.from(text)]),
    signal: new AbortController().signal,
  }
}

function cameOf({ status, headers, body }: UpstreamAnswer): Came {
  const text = String(body ?? '')
  const isJson = /json/.test(headers['content-type'] ?? '')
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined }
}
