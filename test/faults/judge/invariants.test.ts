import { describe, expect, test } from 'vitest'
import type { Entry } from './history.ts'
import { type AuditEvent, brokenInvariants, type Evidence } from './invariants.ts'

const seen = { chain: 1, token: 'a', sentAt: 0, doneAt: 1, status: 200 }
const later = { ...seen, sentAt: 10, doneAt: 11 }
const refreshed = (spent: string, successor: string, access?: string): Entry => ({
  ...seen,
  token: spent,
  kind: 'refresh',
  successor,
  access,
})
const exchanged: Entry = { ...seen, kind: 'exchange', token: 'code', successor: 'rt.1', access: 'tag.x' }
const revoked: Entry = { ...seen, kind: 'revoke', token: 'rt.1' }
const judged = (history: readonly Entry[]): readonly string[] => brokenInvariants({ history })

describe('the judge finds nothing wrong where', () => {
  test('a repeated refresh gets the same successor, and revoked tokens are refused', () => {
    expect(
      judged([
        refreshed('a', 'b'),
        refreshed('a', 'b'),
        { ...seen, kind: 'call', token: 'x', status: 503, hasRetryAfter: true },
        { ...seen, kind: 'revoke', token: 'b' },
        { ...later, kind: 'call', token: 'x', status: 401 },
        { ...later, kind: 'refresh', token: 'b', status: 400 },
      ]),
    ).toEqual([])
  })

  test('five newer tokens have replaced the one of a call meanwhile, and none fewer', () => {
    const newer = (count: number): readonly Entry[] =>
      Array.from({ length: count }, (_, at) => ({ ...refreshed(`r${at}`, `r${at + 1}`), sentAt: 2 + at }))
    const issuing = refreshed('r', 'r0', 'a')
    const call: Entry = { ...seen, kind: 'call', status: 401, sentAt: 2, doneAt: 9 }
    expect(judged([issuing, ...newer(5), call])).toEqual([])
    expect(judged([issuing, ...newer(4), call])).toHaveLength(1)
    expect(judged([issuing, ...newer(5), { ...call, doneAt: 6 }])).toHaveLength(1)
  })

  test('a device is told to wait, and a code is refused that had been sent before', () => {
    const poll: Entry = { ...seen, kind: 'poll', status: 400 }
    expect(
      judged([
        { ...poll, error: 'authorization_pending' },
        { ...poll, error: 'slow_down' },
        { ...seen, chain: 2, kind: 'exchange', status: 0 },
        { ...later, chain: 2, kind: 'exchange', status: 400, error: 'invalid_grant' },
      ]),
    ).toEqual([])
  })

  test('two rivals over one code end its connection, and so does a device code that was sent again', () => {
    expect(
      judged([
        exchanged,
        { ...exchanged, status: 400, error: 'invalid_grant', successor: undefined, access: undefined },
        { ...later, kind: 'call', token: 'tag.x', status: 401 },
        { ...later, kind: 'refresh', token: 'rt.1', status: 400, error: 'invalid_grant' },
        { ...seen, chain: 2, kind: 'poll', token: 'd', status: 0 },
        { ...seen, chain: 2, kind: 'poll', token: 'd', successor: 'rt.2', access: 'tag.y' },
        { ...later, chain: 2, kind: 'call', token: 'tag.y', status: 401 },
      ]),
    ).toEqual([])
  })

  test('the budget is used up, memory and files grow by a tenth, and each change is audited once', () => {
    const answers = [0, 1, 2, 3_600_001].map((at) => ({ at, status: 401 }))
    const audit = ['grant-created', 'grant-revoked'].map((event) => ({ event, grant: 'tag' }))
    const before = { memory: { heldBytes: 100, residentBytes: 200 }, openFiles: 100 }
    expect(
      brokenInvariants({
        history: [exchanged, revoked],
        upstream: { answers, budget: 3 },
        audit: [...audit, { event: 'grant-created', grant: 'another' }, { event: 'sign-in' }],
        logs: ['nothing of interest'],
        secrets: ['password'],
        // It filled, and then went up and down.
        soak: [0, 9_000, 9_100, 9_050, 9_100, 9_000].map((heldBytes, at) => ({
          requests: at * 10,
          heldBytes,
        })),
        resources: [{ before, after: { memory: { heldBytes: 110, residentBytes: 220 }, openFiles: 110 } }],
      }),
    ).toEqual([])
  })
})

describe('the judge of I1 to I3', () => {
  test.each<[string, readonly Entry[]]>([
    ['I1: a has two successors', [refreshed('a', 'b'), refreshed('a', 'c')]],
    ['I1: c succeeds two tokens', [refreshed('a', 'c'), refreshed('b', 'c')]],
    ['I1: the code code was exchanged twice', [exchanged, exchanged]],
    [
      'I1: the code d was exchanged twice',
      [0, 1].map(() => ({ ...seen, kind: 'poll', token: 'd', successor: 's' })),
    ],
    ['I2: call with a', [revoked, { ...later, kind: 'call' }]],
    ['I2: refresh with a', [revoked, { ...later, kind: 'refresh' }]],
    ['I2: exchange with a', [revoked, { ...later, kind: 'exchange' }]],
    ['I3: call with a', [{ ...seen, kind: 'call', status: 401 }]],
    ['I3: refresh with a', [{ ...seen, kind: 'refresh', status: 400 }]],
    ['I3: exchange with a', [{ ...seen, kind: 'exchange', status: 400, error: 'invalid_grant' }]],
    ['I3: poll with a', [{ ...seen, kind: 'poll', status: 400, error: 'expired_token' }]],
    [
      'I3: refresh with r',
      // That a device was told to wait before ends nothing.
      [
        { ...seen, kind: 'poll', token: 'd', status: 400, error: 'authorization_pending' },
        { ...seen, kind: 'poll', token: 'd', successor: 'r' },
        { ...later, kind: 'refresh', token: 'r', status: 400 },
      ],
    ],
    [
      'I3: call with a',
      [
        { ...seen, kind: 'call', status: 401 },
        { ...later, kind: 'revoke', token: 'r' },
      ],
    ],
  ])('finds %s', (words, history) => {
    const broken = judged(history)
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(words)
  })

  test.each([
    ['call', 500],
    ['call', 403],
    ['call', 503],
    ['refresh', 401],
    ['exchange', 502],
    ['revoke', 500],
  ] as const)(
    'finds that a %s is never answered %i, as a 503 has to say when to come again',
    (kind, status) => {
      expect(judged([{ ...seen, kind, status }])).toEqual([
        `answer: ${kind} of chain 1 was answered ${status}`,
      ])
    },
  )
})

describe('the judge of I4 to I7', () => {
  const memory = { heldBytes: 100, residentBytes: 200 }
  const before = { memory, openFiles: 100 }
  const events = (...names: readonly string[]): readonly AuditEvent[] =>
    names.map((event) => ({ event, grant: 'tag' }))
  test.each<[string, Partial<Evidence>]>([
    [
      'I4: more than 1',
      { upstream: { answers: [0, 1, 3_600_000].map((at) => ({ at, status: 401 })), budget: 1 } },
    ],
    ['I5: chain 1 has 0 events of its beginning', { audit: events('grant-revoked') }],
    [
      'I5: chain 1 has 2 events of its beginning',
      { audit: events('grant-created', 'grant-created', 'grant-revoked') },
    ],
    ['I5: chain 1 has 0 events of its end', { audit: events('grant-created') }],
    [
      'I5: chain 1 has 2 events of its end',
      { audit: events('grant-created', 'grant-revoked', 'grant-revoked') },
    ],
    ['I6: a log has tag.x', { logs: ['so quiet', 'GET with tag.x'] }],
    ['I6: a log has code', { logs: ['the code'] }],
    ['I6: a log has password', { logs: ['wrong: password'], secrets: ['password'] }],
    ['I7: 111 files', { resources: [{ before, after: { memory, openFiles: 111 } }] }],
    [
      'I7: heldBytes of 111',
      { resources: [{ before, after: { memory: { ...memory, heldBytes: 111 }, openFiles: 1 } }] },
    ],
    [
      'I7: 60 bytes more are held',
      { soak: [9, 9, 9, 0, 600, 1_200].map((heldBytes, at) => ({ requests: at * 10, heldBytes })) },
    ],
    [
      'I7: residentBytes of 221',
      { resources: [{ before, after: { memory: { ...memory, residentBytes: 221 }, openFiles: 1 } }] },
    ],
  ])('finds %s', (words, evidence) => {
    const broken = brokenInvariants({ history: [exchanged, revoked], ...evidence })
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(words)
  })
})
