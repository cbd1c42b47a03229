/** The budgets of a broker, around its live upstream and under everything that asks it. */
import { organizationWindows } from '#limits/organization-windows.ts'
import { openAddressBlock } from '#limits/stored-address-block.ts'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import { afterOnMachine } from '#store/purging.ts'
import type { Store } from '#store/store.ts'
import { budgetedUpstream } from '#upstream/budgets/budgeted.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { Surroundings } from './compose-capabilities.ts'
import type { BrokerSettings } from './settings.ts'

export interface BudgetsParts {
  readonly settings: BrokerSettings['upstream']
  readonly surroundings: Surroundings
  readonly store: Store
  readonly live: Upstream
}

export interface Budgets {
  readonly upstream: Upstream
  /** Gives back what this node holds; no call is under way any more. */
  close(): Promise<void>
}

export function openBudgets({ settings, surroundings, store, live }: BudgetsParts): Budgets {
  const { clock, newUuid, log } = surroundings
  const unauthorized = openUnauthorizedBudget({
    ...{ store, clock, log, after: afterOnMachine },
    node: newUuid(),
    budget: settings.unauthorizedPerHour,
    callSeconds: settings.totalTimeout,
    waitSeconds: settings.budgetWait,
  })
  return {
    upstream: budgetedUpstream({
      ...{ upstream: live, clock, unauthorized },
      address: openAddressBlock({ store, clock, log }),
      organizations: organizationWindows(clock, settings.organizationPerMinute),
    }),
    close: () => unauthorized.close(),
  }
}
