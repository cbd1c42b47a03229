import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { GrantTag } from '#domain/grant.ts'
import type { GrantRecord, SpentRefreshToken } from '#grants/grant-record.ts'
import {
  claimedRefreshTokenParts,
  refreshTokenParts,
  refreshTokenValue,
  tokenValue,
} from '#grants/token-values.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { GrantWork } from './grant-work.ts'
import { noteReplayed } from './token-outcome.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

/**
 * The replay window of refresh (DECISIONS 6, 79): a retry after a lost answer, or a parallel twin, gets the same successors. They
 * are derived from the spent token and a salt under a key of ours, so the record keeps the salt and what else stood in the answer:
 * it is in the same commit as the rotation, survives a crash, and is of no use to whoever has the store without the spent token.
 */
const idTokenContext = 'panoptes refresh replay'
const replayNote = 'replay'
const saltNote = 'successor salt'
/** 132 bits of the engine's alphabet of 64 characters. */
const saltLength = 22

interface Replay {
  readonly tag: GrantTag
  readonly spent: SpentRefreshToken
  readonly presented: string
}

export const noteReplay = (units: UnitsOfWork, replay: Replay): void =>
  void units.current().notes.set(replayNote, replay)

/** The token that the running request refreshes with; undefined in any other request. */
export function refreshingWith(): string | undefined {
  const oidc = Provider.ctx?.oidc
  if (oidc?.route !== 'token' || oidc.params?.['grant_type'] !== 'refresh_token') return undefined
  const presented = oidc.params['refresh_token']
  return typeof presented === 'string' ? presented : undefined
}

const successor = (secrets: Secrets, kind: SuccessorKind, from: { salt: string; spent: string }): string =>
  secrets.hash(`${kind}-successor`, `${from.salt}.${from.spent}`)

type SuccessorKind = 'access' | 'refresh'

/**
 * The random part of a token that the running request issues: what was drawn, or in a refresh what follows from the spent token.
 * @param drawn at least 22 random characters; the first of a refresh are its salt @returns 43 characters of base64url, or `drawn`
 */
export function randomPart(
  { units, secrets }: { readonly units: UnitsOfWork; readonly secrets: Secrets },
  kind: SuccessorKind,
  drawn: string,
): string {
  const spent = refreshingWith()
  if (spent === undefined) return drawn
  const { notes } = units.current()
  const salt = (notes.get(saltNote) as string | undefined) ?? drawn.slice(0, saltLength)
  notes.set(saltNote, salt)
  return successor(secrets, kind, { salt, spent })
}

/** Whether a spent token is answered again, is another request with the same token, or is reuse. @param input.now epoch ms */
export function replayFor(input: {
  readonly record: GrantRecord
  readonly hash: string
  readonly scope: unknown
  readonly now: number
}): 'open' | 'other-request' | 'closed' {
  const { spent } = input.record
  if (!spent?.replay || spent.hash !== input.hash || spent.replay.until <= input.now) return 'closed'
  return spent.replay.scope === scopeText(input.scope) ? 'open' : 'other-request'
}

const scopeText = (scope: unknown): string => (typeof scope === 'string' ? scope : '')

export interface RefreshReplayParts {
  readonly units: UnitsOfWork
  readonly work: GrantWork
  readonly secrets: Secrets
  readonly now: () => number
  readonly windowSeconds: number
}

export interface RefreshReplay {
  /** After a rotation: keeps its answer in the record; after a refusal that `find` marked: answers it again. */
  settle(ctx: KoaContextWithOIDC): void
  /** After a lost race: the winner's answer, if the presented token is the one it spent. Runs in a unit of its own. */
  settleLostRace(ctx: KoaContextWithOIDC): Promise<void>
}

type TokenAnswer = Readonly<Record<string, unknown>>

/** The members of an answer, in their order: its tokens left empty, its id_token sealed. */
function answerText(secrets: Secrets, body: TokenAnswer): string {
  const { id_token: idToken } = body
  const sealed = typeof idToken === 'string' ? { id_token: secrets.seal(idTokenContext, idToken) } : {}
  return JSON.stringify({ ...body, access_token: '', refresh_token: '', ...sealed })
}

/** The inverse of answerText, with the tokens derived anew. */
function answerOf(secrets: Secrets, { tag, spent, presented }: Replay): TokenAnswer | undefined {
  const { replay, generation } = spent
  if (!replay) return undefined
  const body = JSON.parse(replay.answer) as TokenAnswer
  const from = { salt: replay.salt, spent: presented }
  const next = { tag, generation: generation + 1 }
  const { id_token: sealed } = body
  return {
    ...body,
    access_token: tokenValue(tag, successor(secrets, 'access', from)),
    refresh_token: refreshTokenValue(secrets, next, successor(secrets, 'refresh', from)),
    ...(typeof sealed === 'string' ? { id_token: secrets.unseal(idTokenContext, sealed) } : {}),
  }
}

export function refreshReplay({
  units,
  work,
  secrets,
  now,
  windowSeconds,
}: RefreshReplayParts): RefreshReplay {
  function answerAgain(ctx: KoaContextWithOIDC, replay: Replay): boolean {
    const answer = answerOf(secrets, replay)
    if (answer === undefined) return false
    noteReplayed(ctx)
    ctx.status = 200
    ctx.body = answer
    return true
  }

  function keepAnswer(ctx: KoaContextWithOIDC, presented: string, salt: string): void {
    const tag = claimedRefreshTokenParts(presented)?.tag // the engine has just rotated it
    if (!tag) return
    const answer = {
      salt,
      answer: answerText(secrets, ctx.body as TokenAnswer),
      scope: scopeText(ctx.oidc.params?.['scope']),
      until: now() + windowSeconds * 1000,
    }
    work.change(tag, (record) =>
      record.spent ? { ...record, spent: { ...record.spent, replay: answer } } : record,
    )
  }

  return {
    settle(ctx) {
      const { notes } = units.current()
      const replay = notes.get(replayNote) as Replay | undefined
      const salt = notes.get(saltNote) as string | undefined
      const presented = ctx.oidc.params?.['refresh_token']
      if (replay) answerAgain(ctx, replay)
      else if (ctx.status === 200 && typeof presented === 'string' && salt !== undefined)
        keepAnswer(ctx, presented, salt)
    },

    async settleLostRace(ctx) {
      const presented = ctx.oidc.params?.['refresh_token']
      const tag = typeof presented === 'string' ? refreshTokenParts(secrets, presented)?.tag : undefined
      const record = tag && (await work.load(tag))
      if (
        tag &&
        record?.spent &&
        typeof presented === 'string' &&
        record.clientId === ctx.oidc.client?.clientId
      ) {
        const hash = secrets.hash('refresh-token', presented)
        const isOpen = replayFor({ record, hash, scope: ctx.oidc.params?.['scope'], now: now() }) === 'open'
        if (isOpen && answerAgain(ctx, { tag, spent: record.spent, presented })) return
      }
      ctx.status = 400
      ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
    },
  }
}
