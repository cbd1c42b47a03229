import type { Call } from './call.ts'
import { type JournalReading, journalReading } from './journal.ts'
import { type OutboxReading, outboxReading } from './outbox.ts'
import type {
  Approval,
  AuthorizationAnswer,
  Bucket,
  BudgetWish,
  ClockReading,
  EmulatorIntegration,
  EmulatorUser,
  Fault,
  Lifetimes,
  MintWish,
  Person,
  Region,
  Snapshot,
  Span,
  StandingFault,
  TokenAnswer,
  TokenKind,
} from './words.ts'

/** Everything that the control API can do to one workspace. Each helper throws PanoptesRefusal when the emulator says no. */
export interface Emulator {
  /** The origin that the program under test is pointed at. */
  readonly url: string
  /** Back to the seed: records, clock, limits, lifetimes, faults and journal are as after the start; snapshots stay. */
  reset(): Promise<void>
  readonly snapshots: {
    list(): Promise<readonly Snapshot[]>
    take(name: string): Promise<Snapshot>
    load(name: string): Promise<void>
    /** A document for a file. */
    download(name: string): Promise<object>
    /** Keeps a document that `download` gave. */
    upload(name: string, document: object): Promise<Snapshot>
    remove(name: string): Promise<void>
  }
  readonly clock: {
    read(): Promise<ClockReading>
    advance(by: Span): Promise<ClockReading>
    set(now: Date | string): Promise<ClockReading>
    freeze(): Promise<ClockReading>
    resume(): Promise<ClockReading>
    reset(): Promise<ClockReading>
  }
  readonly device: {
    /** Enters the user code, signs in and presses Confirm. */
    approve(userCode: string, approval: Approval): Promise<void>
    /** Enters the user code, signs in and presses Logout. */
    deny(userCode: string, person: Person): Promise<void>
  }
  /** Completes an authorization request as a user. @param url absolute, or from its path on @param wish Confirm, or `logout` */
  authorize(
    url: string | URL,
    wish: Approval & { readonly choice?: 'confirm' | 'logout' },
  ): Promise<AuthorizationAnswer>
  readonly tokens: {
    /** Connects a user to an integration at once. */
    mint(wish: MintWish): Promise<TokenAnswer>
    /** Ends the life of a token now, as if its time were over. */
    expire(token: string): Promise<TokenKind>
    /** Ends the connection that a token belongs to. */
    revoke(token: string): Promise<TokenKind>
    /** Makes the next use of a refresh token or code a reuse. */
    markUsed(token: string): Promise<TokenKind>
  }
  readonly users: {
    list(): Promise<readonly EmulatorUser[]>
    /** Refuses sign-in, refresh and every call of a user. */
    lock(user: string, options?: { readonly region?: Region }): Promise<void>
    unlock(user: string, options?: { readonly region?: Region }): Promise<void>
  }
  readonly addresses: {
    /** Blocks an address as after too many 401 answers. @returns until when */
    block(address: string): Promise<Date>
    unblock(address: string): Promise<void>
  }
  readonly budgets: {
    /** Empties the window of calls that is open now. @returns when the next one begins */
    exhaust(wish: BudgetWish): Promise<{ readonly bucket: Bucket; readonly nextWindowAt: Date }>
  }
  readonly integrations: {
    list(): Promise<readonly EmulatorIntegration[]>
    /** For what is issued from now on; what is left out stays. */
    setLifetimes(
      clientId: string,
      lifetimes: { readonly [Key in keyof Lifetimes]?: Span },
    ): Promise<EmulatorIntegration>
  }
  readonly faults: {
    add(fault: Fault): Promise<StandingFault>
    list(): Promise<readonly StandingFault[]>
    get(id: string): Promise<StandingFault>
    remove(id: string): Promise<void>
    clear(): Promise<void>
  }
  readonly journal: JournalReading
  readonly outbox: OutboxReading
}

type Answer = Readonly<Record<string, unknown>>

const snapshotOf = (wire: unknown): Snapshot => {
  const { name, records, takenAt } = wire as Omit<Snapshot, 'takenAt'> & { readonly takenAt: string }
  return { name, records, takenAt: new Date(takenAt) }
}

const inText = (instant: Date | string): string =>
  typeof instant === 'string' ? instant : instant.toISOString()

const part = encodeURIComponent

function snapshotsOf(call: Call): Emulator['snapshots'] {
  const at = (name: string): string => `/snapshots/${part(name)}`
  return {
    list: async () =>
      ((await call('GET', '/snapshots')) as { snapshots: unknown[] }).snapshots.map(snapshotOf),
    take: async (name) => snapshotOf(await call('PUT', at(name))),
    load: async (name) => void (await call('POST', `${at(name)}/load`)),
    download: async (name) => (await call('GET', at(name))) as object,
    upload: async (name, document) => snapshotOf(await call('PUT', at(name), { body: document })),
    remove: async (name) => void (await call('DELETE', at(name))),
  }
}

function clockOf(call: Call): Emulator['clock'] {
  const move = async (name: string, body?: object): Promise<ClockReading> =>
    readingOf(await call('POST', `/clock/${name}`, { body }))
  const readingOf = (wire: unknown): ClockReading => {
    const { now, aheadSeconds, frozen } = wire as Omit<ClockReading, 'now'> & { readonly now: string }
    return { now: new Date(now), aheadSeconds, frozen }
  }
  return {
    read: async () => readingOf(await call('GET', '/clock')),
    advance: (by) => move('advance', { by }),
    set: (now) => move('set', { now: inText(now) }),
    freeze: () => move('freeze'),
    resume: () => move('resume'),
    reset: () => move('reset'),
  }
}

function tokensOf(call: Call): Emulator['tokens'] {
  const meet =
    (fate: string) =>
    async (token: string): Promise<TokenKind> =>
      ((await call('POST', `/tokens/${fate}`, { body: { token } })) as { kind: TokenKind }).kind
  return {
    mint: async (wish) => (await call('POST', '/tokens', { body: wish })) as TokenAnswer,
    expire: meet('expire'),
    revoke: meet('revoke'),
    markUsed: meet('mark-used'),
  }
}

function faultsOf(call: Call): Emulator['faults'] {
  const at = (id: string): string => `/faults/${part(id)}`
  return {
    add: async ({ from, until, ...fault }) =>
      (await call('POST', '/faults', {
        body: {
          ...fault,
          ...(from === undefined ? {} : { from: inText(from) }),
          ...(until === undefined ? {} : { until: inText(until) }),
        },
      })) as StandingFault,
    list: async () => ((await call('GET', '/faults')) as { faults: readonly StandingFault[] }).faults,
    get: async (id) => (await call('GET', at(id))) as StandingFault,
    remove: async (id) => void (await call('DELETE', at(id))),
    clear: async () => void (await call('DELETE', '/faults')),
  }
}

type Limits = Pick<Emulator, 'users' | 'addresses' | 'budgets' | 'integrations'>

function limitsOf(call: Call): Limits {
  const lock = (user: string): string => `/users/${part(user)}/lock`
  const address = (text: string): string => `/blocked-addresses/${part(text)}`
  return {
    users: {
      list: async () => ((await call('GET', '/users')) as { users: readonly EmulatorUser[] }).users,
      lock: async (user, options) => void (await call('PUT', lock(user), { query: { ...options } })),
      unlock: async (user, options) => void (await call('DELETE', lock(user), { query: { ...options } })),
    },
    addresses: {
      block: async (text) => new Date(String(((await call('PUT', address(text))) as Answer)['blockedUntil'])),
      unblock: async (text) => void (await call('DELETE', address(text))),
    },
    budgets: {
      exhaust: async (wish) => {
        const answer = (await call('POST', '/budgets/exhaust', { body: wish })) as Answer
        return { bucket: answer['bucket'] as Bucket, nextWindowAt: new Date(String(answer['nextWindowAt'])) }
      },
    },
    integrations: {
      list: async () =>
        ((await call('GET', '/integrations')) as { integrations: readonly EmulatorIntegration[] })
          .integrations,
      setLifetimes: async (clientId, lifetimes) =>
        (await call('PATCH', `/integrations/${part(clientId)}`, {
          body: { lifetimes },
        })) as EmulatorIntegration,
    },
  }
}

/** @returns the helpers for the workspace at the origin */
export function emulatorAt(url: string, call: Call): Emulator {
  const { rewind, ...journal } = journalReading(call)
  const decide =
    (decision: string) =>
    async (userCode: string, body: Approval | Person): Promise<void> =>
      void (await call('POST', `/device-codes/${part(userCode)}/${decision}`, { body }))
  return {
    url,
    async reset() {
      await call('POST', '/reset')
      rewind()
    },
    snapshots: snapshotsOf(call),
    clock: clockOf(call),
    device: { approve: decide('approve'), deny: decide('deny') },
    authorize: async (request, wish) =>
      (await call('POST', '/authorizations', {
        body: { url: String(request), ...wish },
      })) as AuthorizationAnswer,
    tokens: tokensOf(call),
    ...limitsOf(call),
    faults: faultsOf(call),
    journal,
    outbox: outboxReading(call),
  }
}
