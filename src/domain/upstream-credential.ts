import type { UserId } from './user.ts'

/** What an upstream accepts as proof of the caller. The broker lends it, the gateway hands it on, and nobody else sees it. */
export type UpstreamCredential =
  /** The embedded upstream runs beside us and believes the gateway; `presented` is the User API Token of the call, if it was one. */
  | { readonly kind: 'standing'; readonly userId: UserId; readonly presentedToken?: string }
  /** What ThousandEyes itself gave the user. The token is for the upstream's Authorization header and for nothing else. */
  | {
      readonly kind: 'user-api-token'
      readonly userId: UserId
      readonly token: string
      /** Names the token without telling it, for budgets and logs: another token has another name. */
      readonly credential: string
    }
