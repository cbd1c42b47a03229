/** The budgets of a broker, around its live upstream and under everything that asks it. */
import { organizationWindows } from '#limits/organization-windows.ts'
import { sharedWindows } from '#limits/shared-windows.ts'
import { openAddressBlock } from '#limits/stored-address-block.ts'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import type { Watch } from '#metrics/metrics.ts'
import { afterOnMachine } from '#store/purging.ts'
import type { Store } from '#store/store.ts'
import { budgetedUpstream } from '#upstream/budgets/budgeted.ts'
import type { LiveUpstream } from '#upstream/live/live.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { Surroundings } from './compose-capabilities.ts'
import { upstreamGauges } from './compose-gauges.ts'
import type { BrokerSettings } from './settings.ts'

export interface BudgetsParts {
  readonly settings: BrokerSettings['upstream']
  readonly surroundings: Surroundings
  readonly store: Store
  readonly live: LiveUpstream
  readonly gauge: Watch['gauge']
}

export interface Budgets {
  readonly upstream: Upstream
  /** Gives back what this node holds; no call is under way any more. */
  close(): Promise<void>
}

export function openBudgets({ settings, surroundings, store, live, gauge }: BudgetsParts): Budgets {
  const { clock, newUuid, log } = surroundings
  const node = newUuid()
  const unauthorized = openUnauthorizedBudget({
    ...{ store, clock, log, after: afterOnMachine },
    node,
    budget: settings.unauthorizedPerHour,
    callSeconds: settings.totalTimeout,
    waitSeconds: settings.budgetWait,
  })
  const address = openAddressBlock({ store, clock, log })
  const windows = organizationWindows(clock, settings.organizationPerMinute)
  const organizations = sharedWindows({ store, clock, log, after: afterOnMachine, node, windows })
  for (const one of upstreamGauges({ live, unauthorized, address, organizations })) gauge(one)
  return {
    upstream: budgetedUpstream({
      ...{ upstream: live, clock, unauthorized, address, organizations },
      after: afterOnMachine,
      waitSeconds: settings.budgetWait,
    }),
    async close() {
      await organizations.close()
      await unauthorized.close()
    },
  }
}
