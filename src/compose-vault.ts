/** What a broker holds and lends: sealed credentials over the store of the composition, in front of the upstream that takes them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Broker } from '#broker/broker.ts'
import { checkedTokens } from '#broker/checked-tokens.ts'
import { credentialRecords } from '#broker/credential-records.ts'
import { endedConnections } from '#broker/ended-connections.ts'
import type { KeyEncryption } from '#broker/key-encryption.ts'
import { keysInUse } from '#broker/keys-in-use.ts'
import { lendingBroker } from '#broker/lending.ts'
import { linkBudget } from '#broker/link-budget.ts'
import { linkedUpstream, offeredUpstream } from '#broker/linked-upstream.ts'
import { quarantine } from '#broker/quarantine.ts'
import { startRenewing } from '#broker/renewal-rounds.ts'
import { rewrapping } from '#broker/rewrapping.ts'
import { tokenRotation } from '#broker/rotation.ts'
import { openSealing } from '#broker/sealing.ts'
import { storedAccounts } from '#broker/stored-accounts.ts'
import { storedLinks } from '#broker/stored-links.ts'
import { upstreamQuestions } from '#broker/upstream-questions.ts'
import type { AccountGroup } from '#domain/account-group.ts'
import type { Operation } from '#domain/operation.ts'
import type { UserId } from '#domain/user.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { openLimits } from '#limits/store-limits.ts'
import { afterOnMachine } from '#store/purging.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { Foundation, Linking, Surroundings } from './compose-capabilities.ts'

export interface Vault {
  readonly broker: Broker
  /** The upstream as the gateway uses it. */
  readonly upstream: Upstream
  readonly linking: Linking
  /** All that the token of a user reaches, as ThousandEyes told last. */
  readonly knownAccountGroups: Upstream['accountGroups']
  /** Those that the user chose. */
  readonly grantableAccountGroups: Upstream['accountGroups']
  /** Ends background work. */
  close(): Promise<void>
}

export interface VaultParts extends Pick<Foundation, 'secrets' | 'store' | 'audit'> {
  readonly surroundings: Surroundings
  readonly keys: KeyEncryption
  /** ThousandEyes itself: what the broker asks for itself is neither shared nor remembered. */
  readonly live: Upstream
  /** The same, as calls of users go there. */
  readonly shared: Upstream
  readonly operations: readonly Operation[]
}

/** A round reads every record; what is due is not urgent. */
const renewEverySeconds = 300

/** What each of the parts stands on. */
function groundOf({ secrets, store, surroundings, keys, live, operations }: VaultParts) {
  const { randomBytes } = surroundings
  const inUse = keysInUse({ store, keys }, randomBytes)
  return {
    inUse,
    sealing: openSealing(keys, randomBytes),
    records: credentialRecords({ store, inUse }),
    questions: upstreamQuestions(live, operations),
    // Under a key of ours: whoever knows a token cannot tell from a log or a page that it is the one.
    fingerprintOf: (token: string) => secrets.mac('upstream-credential', token),
  }
}

export function openVault(parts: VaultParts): Vault {
  const { secrets, store, audit, surroundings, shared, keys } = parts
  const { clock, log } = surroundings
  const ground = groundOf(parts)
  const { inUse, records } = ground
  const { guards } = openLimits({ store, clock, enforced: true })
  const connections = endedConnections(openGrants({ store, secrets, clock, audit }))
  const rejected = quarantine({ records, audit, clock, log })
  const upstream = linkedUpstream({ records, upstream: shared, clock, rejected })
  const canSeal = async (): Promise<boolean> => (await inUse.problem()) === undefined
  const stopRenewing = startRenewing(
    tokenRotation({ ...ground, audit, clock, log, rejected, canSeal, pause: (span) => pause(span) }),
    {
      everySeconds: renewEverySeconds,
      after: afterOnMachine,
      onFailure: (failure) => log({ event: 'renewal-failed', error: String(failure) }),
    },
  )
  const reachOf = async (userId: UserId): Promise<readonly AccountGroup[]> =>
    (await records.find(userId))?.record.reach ?? []
  const chosenOf = async (userId: UserId): Promise<readonly AccountGroup[]> => {
    const { reach = [], chosen = [] } = (await records.find(userId))?.record ?? {}
    return reach.filter(({ aid }) => chosen.includes(aid))
  }
  return {
    knownAccountGroups: (_, { userId }) => reachOf(userId),
    grantableAccountGroups: (_, { userId }) => chosenOf(userId),
    broker: lendingBroker({ ...ground, clock, log }),
    upstream,
    linking: {
      links: storedLinks({
        ...{ ...ground, store, connections, audit, clock, log },
        waiting: checkedTokens({ store, secrets, clock }),
        budget: linkBudget(guards),
      }),
      accounts: storedAccounts({ records, connections, audit }),
      keyWork: rewrapping({ ...ground, store, keys }),
      offered: offeredUpstream({ linked: upstream, records, clock, log }),
    },
    close: stopRenewing,
  }
}
