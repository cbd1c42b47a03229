import { refuse } from '#domain/refusal.ts'
import type { Broker } from './broker.ts'

/** The broker of users who have not linked an account at ThousandEyes: there is nothing to lend. */
export const noAccounts = (): Broker => ({
  lend: () =>
    refuse(
      'account_not_linked',
      'The user of this connection has not linked an account at ThousandEyes, or not in a way that still holds.',
    ),
})
