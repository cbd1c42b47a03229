import type { KoaContextWithOIDC } from 'oidc-provider'
import type { GrantRecord } from '#grants/grant-record.ts'
import { claimedRefreshTokenParts, refreshTokenParts } from '#grants/token-values.ts'
import { bearerKeys, type Secrets, sealWith, unsealWith, vectorSource } from '#secrets/secrets.ts'
import type { GrantWork } from './grant-work.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

/**
 * The replay window of refresh (DECISIONS 6): a retry after a lost answer, or a parallel twin, gets the same successor. The
 * answer is kept in the grant's record, sealed under a key that only the spent refresh token gives, so it is in the same
 * commit as the rotation, survives a crash, and is of no use to a reader of the store.
 */
const purpose = 'panoptes refresh replay'
const keyOf = bearerKeys(purpose)
const noteName = 'replay'

interface Replay {
  readonly sealed: string
  readonly presented: string
}

export const noteReplay = (units: UnitsOfWork, replay: Replay): void =>
  void units.current().notes.set(noteName, replay)

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
  readonly randomBytes: (size: number) => Buffer
  readonly windowSeconds: number
}

export interface RefreshReplay {
  /** After a rotation: keeps its answer in the record; after a refusal that `find` marked: answers it again. */
  settle(ctx: KoaContextWithOIDC): void
  /** After a lost race: the winner's answer, if the presented token is the one it spent. Runs in a unit of its own. */
  settleLostRace(ctx: KoaContextWithOIDC): Promise<void>
}

function answerAgain(ctx: KoaContextWithOIDC, replay: Replay): boolean {
  const text = unsealWith(keyOf(replay.presented), purpose, replay.sealed)
  if (text === undefined) return false
  ctx.status = 200
  ctx.body = JSON.parse(text)
  return true
}

export function refreshReplay({
  units,
  work,
  secrets,
  now,
  randomBytes,
  windowSeconds,
}: RefreshReplayParts): RefreshReplay {
  const nextVector = vectorSource(randomBytes)
  return {
    settle(ctx) {
      const presented = ctx.oidc.params?.['refresh_token']
      const replay = units.current().notes.get(noteName) as Replay | undefined
      if (replay) {
        answerAgain(ctx, replay)
      } else if (ctx.status === 200 && typeof presented === 'string') {
        const tag = claimedRefreshTokenParts(presented)?.tag // the engine has just rotated it
        const text = JSON.stringify(ctx.body)
        ctx.body = text // which Koa would make of it again
        const sealed = sealWith(keyOf(presented), nextVector(), { context: purpose, text })
        const answer = {
          sealed,
          scope: scopeText(ctx.oidc.params?.['scope']),
          until: now() + windowSeconds * 1000,
        }
        if (tag)
          work.change(tag, (record) =>
            record.spent ? { ...record, spent: { ...record.spent, replay: answer } } : record,
          )
      }
    },

    async settleLostRace(ctx) {
      const presented = ctx.oidc.params?.['refresh_token']
      const tag = typeof presented === 'string' ? refreshTokenParts(secrets, presented)?.tag : undefined
      const record = tag && (await work.load(tag))
      if (record && typeof presented === 'string' && record.clientId === ctx.oidc.client?.clientId) {
        const hash = secrets.hash('refresh-token', presented)
        const isOpen = replayFor({ record, hash, scope: ctx.oidc.params?.['scope'], now: now() }) === 'open'
        if (isOpen && answerAgain(ctx, { sealed: record.spent?.replay?.sealed ?? '', presented })) return
      }
      ctx.status = 400
      ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
    },
  }
}
