import type { Broker } from './broker.ts'

/**
 * The broker of the emulator: the embedded upstream runs beside us and needs no secret, so what is lent is the user's
 * own standing, with the User API Token of the call when it was one (`POST /api-tokens` rotates that very token).
 */
export const ownStanding = (): Broker => ({
  lend: ({ userId, presentedToken }) =>
    presentedToken === undefined
      ? { kind: 'standing', userId }
      : { kind: 'standing', userId, presentedToken },
})
