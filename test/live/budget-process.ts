/**
 * A node with its budget in a process of its own, under load: 300 credentials, again and again. Its settings are the first
 * argument; it runs until it is killed, and says what its callers got.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '#domain/clock.ts'
import { organizationWindows } from '#limits/organization-windows.ts'
import { openAddressBlock } from '#limits/stored-address-block.ts'
import { openUnauthorizedBudget } from '#limits/unauthorized-budget.ts'
import { openStore, type StoreSettings } from '#store/open-store.ts'
import { afterOnMachine } from '#store/purging.ts'
import { budgetedUpstream } from '#upstream/budgets/budgeted.ts'
import { openLiveUpstream } from '#upstream/live/live.ts'
import { type UpstreamRequest, UpstreamUnavailable } from '#upstream/upstream.ts'
import { waits } from './live-gateway.ts'

export interface BudgetProcessSettings {
  readonly store: StoreSettings
  readonly origin: string
  readonly budget: number
}

const { store: storeSettings, origin, budget } = JSON.parse(process.argv[2] ?? '') as BudgetProcessSettings
const { store } = await openStore(storeSettings, { clock: systemClock, random: randomBytes })
const live = openLiveUpstream({
  settings: { ...waits, totalTimeout: 5, regions: { us1: origin, us2: origin, eu1: origin } },
  clock: systemClock,
  stopwatch: {
    now: () => performance.now(),
    every(milliseconds, work) {
      const rounds = setInterval(work, milliseconds)
      return () => clearInterval(rounds)
    },
  },
})
const unauthorized = openUnauthorizedBudget({
  ...{ store, clock: systemClock, after: afterOnMachine, budget },
  node: randomUUID(),
  callSeconds: 5,
  waitSeconds: 1,
  log: () => undefined,
})
const upstream = budgetedUpstream({
  ...{ upstream: live, clock: systemClock, unauthorized },
  address: openAddressBlock({ store, clock: systemClock, log: () => undefined }),
  organizations: organizationWindows(systemClock, 1_000_000),
  ...{ after: afterOnMachine, waitSeconds: 1 },
})

const requestOf = (credential: number): UpstreamRequest => ({
  region: 'us1',
  credential: {
    kind: 'user-api-token',
    userId: `us1.${credential}` as UpstreamRequest['credential']['userId'],
    token: `token-${credential}`,
    credential: `credential-${credential}`,
  },
  operation: {
    id: 'getTests',
    method: 'GET',
    path: '/tests',
    scopes: [],
    isRead: true,
    takesAccountGroup: true,
    otherGroups: undefined,
    bucket: undefined,
    query: [],
  },
  parameters: {},
  query: new URLSearchParams(),
  accountGroup: undefined,
  headers: {},
  body: undefined,
  signal: new AbortController().signal,
})

async function outcomeOf(credential: number): Promise<string> {
  try {
    return String((await upstream.send(requestOf(credential))).status)
  } catch (error) {
    return error instanceof UpstreamUnavailable ? error.trouble : String(error)
  }
}

process.once('disconnect', () => process.exit())
process.send?.('ready')
for (let call = 0; ; call += 1) {
  const credential = call % 300
  void outcomeOf(credential).then((outcome) => process.connected && process.send?.({ outcome }))
  await pause(2)
}
