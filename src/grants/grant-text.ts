/**
 * The text of a grant's record, as it is stored: its members by position, and without what another member says already. Written
 * with every refresh and kept a million times over, so a third of the bytes that the named members would take (DECISIONS 80).
 */
import type { GrantRecord, IssuedRefreshToken, IssuedToken, Payload } from './grant-record.ts'

/** Stands where there is nothing, and in place of a scope that is the grant's own. */
const none = 0
type None = typeof none

type TokenText = readonly [
  hash: string,
  exp: number,
  iat: unknown,
  /** `none` for the grant's own scopes, null for a token without. */
  scope: unknown,
  rest: Payload | None,
  /** Of a refresh token its generation, of a code when it was consumed. */
  more: number,
]

type SpentText = readonly [
  hash: string,
  generation: number,
  salt: string,
  /** Without the scopes where they are the grant's own. */
  answer: string,
  scope: string,
  until: number,
]

type GrantText = readonly [
  userId: string,
  region: string,
  clientId: string,
  scope: string,
  accountGroups: readonly string[],
  sessionUid: string,
  createdAt: number,
  firstUsedAt: number,
  lastUsedAt: number,
  lastUsedAddress: string | None,
  endsAt: number,
  pendingUntil: number,
  grant: Payload,
  code: TokenText | None,
  access: readonly TokenText[],
  refresh: TokenText | None,
  /** Named where there is no answer to give again, and as earlier versions wrote it. */
  spent: SpentText | GrantRecord['spent'] | None,
  /** Members that have no place above, by name. */
  others: Payload | None,
]

/**
 * @returns the members of an object that have no place of their own; undefined for none, as in almost all. A rest pattern would make
 * an object each time to find that out.
 */
function membersBeside(object: object, placed: ReadonlySet<string>): Payload | undefined {
  let others: Record<string, unknown> | undefined
  for (const name in object) {
    if (placed.has(name)) continue
    others ??= {}
    others[name] = (object as Payload)[name]
  }
  return others
}

const placedInToken: ReadonlySet<string> = new Set(['iat', 'scope'])

function tokenText({ hash, exp, payload }: IssuedToken, grantScope: string, more: number): TokenText {
  const { iat = null, scope = null } = payload
  const rest = membersBeside(payload, placedInToken) ?? none
  return [hash, exp, iat, scope === grantScope ? none : scope, rest, more]
}

function tokenOf([hash, exp, iat, scope, rest]: TokenText, grantScope: string): IssuedToken {
  const payload = {
    ...(iat === null ? {} : { iat }),
    ...(scope === null ? {} : { scope: scope === none ? grantScope : scope }),
    ...(rest === none ? {} : rest),
  }
  return { hash, exp, payload }
}

/** How a grant's own scopes stand in an answer: RFC 6749 §3.3 leaves nothing in them to be escaped. */
const scopeIn = (scope: string): string => `"scope":"${scope}"`
const noScope = `"scope":${none}`

function spentText({ spent }: GrantRecord, grantScope: string): SpentText | GrantRecord['spent'] | None {
  if (!spent?.replay) return spent ?? none
  const { salt, answer, scope, until } = spent.replay
  return [spent.hash, spent.generation, salt, answer.replace(scopeIn(grantScope), noScope), scope, until]
}

function spentOf(spent: SpentText | GrantRecord['spent'], grantScope: string): GrantRecord['spent'] {
  if (!isSpentText(spent)) return spent
  const [hash, generation, salt, answer, scope, until] = spent
  return {
    hash,
    generation,
    replay: { salt, answer: answer.replace(noScope, () => scopeIn(grantScope)), scope, until },
  }
}

const isSpentText = (spent: SpentText | GrantRecord['spent']): spent is SpentText => Array.isArray(spent)

const repeatedOfGrant: ReadonlySet<string> = new Set(['accountId', 'clientId', 'kind', 'exp', 'openid'])

/** What the engine's Grant repeats of the record is not written. */
function grantRest({ grant, userId, clientId, endsAt }: GrantRecord, scope: string): Payload {
  const { accountId, clientId: client, kind, exp, openid } = grant
  const own = openid as { scope?: unknown } | undefined
  const isRepeated =
    accountId === userId &&
    client === clientId &&
    kind === 'Grant' &&
    Number(exp) * 1000 === endsAt &&
    own?.scope === scope &&
    Object.keys(own).length === 1
  return isRepeated ? (membersBeside(grant, repeatedOfGrant) ?? {}) : grant
}

/** All that `GrantText` has a place for. */
const placed: ReadonlySet<string> = new Set<keyof GrantRecord>([
  'userId',
  'region',
  'clientId',
  'scopes',
  'accountGroups',
  'sessionUid',
  'createdAt',
  'firstUsedAt',
  'lastUsedAt',
  'lastUsedAddress',
  'endsAt',
  'pendingUntil',
  'grant',
  'code',
  'access',
  'refresh',
  'spent',
])

/** @param record of one connection @returns what `grantOfText` reads */
export function grantText(record: GrantRecord): string {
  const { code, refresh } = record
  const scope = record.scopes.join(' ')
  const text: GrantText = [
    record.userId,
    record.region,
    record.clientId,
    scope,
    record.accountGroups,
    record.sessionUid,
    record.createdAt,
    record.firstUsedAt ?? none,
    record.lastUsedAt,
    record.lastUsedAddress ?? none,
    record.endsAt,
    record.pendingUntil,
    grantRest(record, scope),
    code ? tokenText(code, scope, code.consumedAt ?? none) : none,
    record.access.map((token) => tokenText(token, scope, none)),
    refresh ? tokenText(refresh, scope, refresh.generation) : none,
    spentText(record, scope),
    membersBeside(record, placed) ?? none,
  ]
  return JSON.stringify(text)
}

/** The inverse of `grantText`. @param text what it wrote, or the named members of an earlier version */
export function grantOfText(text: string): GrantRecord {
  const parsed = JSON.parse(text) as GrantText | GrantRecord
  return isText(parsed) ? recordOf(parsed) : (parsed as GrantRecord)
}

const isText = (parsed: GrantText | GrantRecord): parsed is GrantText => Array.isArray(parsed)

function recordOf(text: GrantText): GrantRecord {
  const [userId, region, clientId, scope, accountGroups, sessionUid, createdAt, ...more] = text
  const [firstUsedAt, lastUsedAt, lastUsedAddress, endsAt, pendingUntil, grant, ...tokens] = more
  const [code, access, refresh, spent, others] = tokens
  return {
    userId,
    region,
    clientId,
    scopes: scope === '' ? [] : scope.split(' '),
    accountGroups,
    sessionUid,
    createdAt,
    ...(firstUsedAt === none ? {} : { firstUsedAt }),
    lastUsedAt,
    ...(lastUsedAddress === none ? {} : { lastUsedAddress }),
    endsAt,
    pendingUntil,
    grant:
      'kind' in grant
        ? grant
        : { ...grant, accountId: userId, clientId, kind: 'Grant', exp: endsAt / 1000, openid: { scope } },
    ...(code === none
      ? {}
      : { code: { ...tokenOf(code, scope), ...(code[5] === none ? {} : { consumedAt: code[5] }) } }),
    access: access.map((token) => tokenOf(token, scope)),
    ...(refresh === none ? {} : { refresh: refreshOf(refresh, scope) }),
    ...(spent === none ? {} : { spent: spentOf(spent, scope) }),
    ...(others === none ? {} : others),
  } as unknown as GrantRecord
}

const refreshOf = (refresh: TokenText, scope: string): IssuedRefreshToken => ({
  ...tokenOf(refresh, scope),
  generation: refresh[5],
})
