/** The page at `GET /playground`: the connections of this browser, each with what its integration can do next. */
import type { ClockReading } from '#domain/clock.ts'
import type { Operation } from '#domain/operation.ts'
import { opens } from '#domain/scope.ts'
import type { Views } from '#http/page.ts'
import type { Answered } from './answered.ts'
import type { BrowserMemory, Connection, PlayedClient, Registration } from './memory.ts'

export interface PlaygroundPage {
  readonly csrf: string
  readonly origin: URL
  readonly clock: ClockReading
  readonly memory: BrowserMemory
  readonly reads: readonly V7Read[]
  /** Where a client of one's own may have its answers sent to be played here. */
  readonly ownRedirectUri: string
}

/** A GET that the page offers. */
export interface V7Read {
  /** `/v7/tests`. */
  readonly path: string
  readonly scopes: readonly string[]
}

const offeredReads = ['/tests', '/agents', '/account-groups', '/users/current', '/alerts']

/** @returns the reads that the page offers, as far as there are such operations */
export const v7Reads = (
  operations: readonly Pick<Operation, 'method' | 'path' | 'scopes'>[],
): readonly V7Read[] =>
  offeredReads.flatMap((path) => {
    const operation = operations.find((each) => each.method === 'GET' && each.path === path)
    return operation ? [{ path: `/v7${path}`, scopes: operation.scopes }] : []
  })

const clockFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'UTC' })
const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })

/** @returns an instant to the second, which a countdown ends at: `22:24:05 UTC`, with the day when it is another one */
function instant(at: number, now: number): { readonly text: string; readonly iso: string } {
  const isToday = dayFormat.format(at) === dayFormat.format(now)
  return {
    text: `${isToday ? '' : `${dayFormat.format(at)}, `}${clockFormat.format(at)} UTC`,
    iso: new Date(at).toISOString(),
  }
}

/** Each body opens by itself when it is the newest answer of its card. */
const shownAnswer = (answer: Answered | undefined, now: number): object | undefined =>
  answer && {
    ...answer,
    at: instant(answer.at, now),
    isRefusal: answer.status >= 400,
    hasBody: answer.body !== '',
  }

/** Reads that the scopes of the token open, and those that they do not: they show the 403. */
function readChoices(reads: readonly V7Read[], scopes: readonly string[]): object {
  const granted = new Set(scopes)
  const isOpen = ({ scopes: accepted }: V7Read): boolean => opens(granted, accepted)
  return {
    open: reads.filter(isOpen).map(({ path }) => path),
    closed: reads.filter((read) => !isOpen(read)).map(({ path }) => path),
  }
}

function bodyOf(connection: Connection, { clock, reads }: PlaygroundPage): object {
  const { now } = clock
  switch (connection.kind) {
    case 'asked':
      return { title: connection.client.name }
    case 'device': {
      const { client, userCode, verificationUri, link, intervalSeconds, expiresAt, last } = connection
      return {
        title: client.name,
        userCode,
        verificationUri,
        link,
        intervalSeconds,
        ends: { ...instant(expiresAt, now), at: expiresAt },
        last: shownAnswer(last, now),
      }
    }
    case 'tokens': {
      const { client, tokens, isLoggedOut, last } = connection
      return {
        title: client.name,
        ...tokens,
        isLoggedOut,
        isOver: tokens.expiresAt <= now,
        ends: { ...instant(tokens.expiresAt, now), at: tokens.expiresAt },
        choices: readChoices(reads, tokens.scopes),
        last: shownAnswer(last, now),
      }
    }
    case 'refused':
      return { title: connection.client.name, last: shownAnswer(connection.last, now) }
    case 'connector': {
      const { apiKey, accountGroup, answers } = connection
      return {
        title: 'Connector',
        apiKey,
        accountGroup,
        answers: answers.map((answer) => shownAnswer(answer, now)),
      }
    }
    default:
      return connection satisfies never
  }
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What to try by hand with a client of one's own. */
function trial({ clientId, redirectUri, scopes }: PlayedClient, origin: URL): object {
  const scope = scopes.join(' ')
  if (redirectUri === undefined)
    return {
      command: [
        `curl ${shellQuoted(`${origin.origin}/v7/oauth2/device/authorization`)}`,
        `-d client_id=${clientId}`,
        `-d ${shellQuoted(`scope=${scope}`)}`,
      ].join(' '),
    }
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state: 'YOUR-STATE',
    code_challenge: 'YOUR-CODE-CHALLENGE',
    code_challenge_method: 'S256',
  })
  return { url: `${origin.origin}/oauth2/authorize?${query}` }
}

const shownRegistration = ({ client, answer }: Registration, page: PlaygroundPage): object => ({
  answer: shownAnswer(answer, page.clock.now),
  client: client && {
    ...client,
    isPlayable: client.redirectUri === undefined || client.redirectUri === page.ownRedirectUri,
    button: client.redirectUri === undefined ? 'Get a code' : 'Connect',
    ...trial(client, page.origin),
  },
})

const timeSteps = [
  { value: '60', label: '+1 min' },
  { value: '600', label: '+10 min' },
  { value: '3600', label: '+1 h' },
  { value: '86400', label: '+1 day' },
]

/** Buttons by state: Call v7, Refresh, Log out, Check, Remove; time: +1 min ... Freeze or Resume, Back to now; Reset to seed. */
export const playgroundPage = (views: Views, page: PlaygroundPage): string =>
  views.render('playground', {
    csrf: page.csrf,
    time: {
      at: page.clock.now,
      now: instant(page.clock.now, 0),
      isFrozen: page.clock.frozen,
      // Below a second it is the machine's own clock, read a moment apart.
      isMoved: Math.abs(page.clock.aheadMs) >= 1000,
      steps: timeSteps,
    },
    connections: page.memory.connections.map((connection) => ({
      id: connection.id,
      kind: connection.kind,
      ...bodyOf(connection, page),
    })),
    registrations: page.memory.registrations.map((registration) => shownRegistration(registration, page)),
    ownRedirectUri: page.ownRedirectUri,
  })
