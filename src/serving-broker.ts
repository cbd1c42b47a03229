/** Serving a broker on its two ports. */
import { scrapedMetrics } from '#metrics/open-metrics.ts'
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { openStore } from '#store/open-store.ts'
import { bind } from './binding.ts'
import { doorOf, openProcessAdmission } from './compose-admission.ts'
import { type BrokerAdapters, composeBroker } from './compose-broker.ts'
import type { Surroundings } from './compose-capabilities.ts'
import { newEpoch } from './compose-epoch.ts'
import { loadBrokerFacts } from './compose-facts.ts'
import { checkpointLog, patientWith } from './patience.ts'
import type { BrokerSettings } from './settings.ts'
import type { Listening } from './welcome.ts'

export interface ServingBroker extends Listening {
  /** Resolves with the reason once the store is of no use to this process any more; never where that cannot be. */
  readonly lost: Promise<Error>
  /** Resolves once the store can be used, until when all is answered 503; rejects in one line for a person when it never can be. */
  readonly settled: Promise<void>
  /** Refuses readiness, serves on for the notice of the settings, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

/**
 * Starts a broker. @param adapters in place of the program's own @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person
 */
export async function serveBroker(
  settings: BrokerSettings,
  surroundings: Surroundings,
  adapters?: BrokerAdapters,
): Promise<ServingBroker> {
  const { clock, randomBytes } = surroundings
  const lost = Promise.withResolvers<Error>()
  const { served, operatorUrl, stop } = await bind(settings, clock, async ({ origin }) => {
    const [facts, material] = await Promise.all([
      loadBrokerFacts(),
      loadKeyMaterial(settings.data, randomBytes),
    ])
    const patience = patientWith(surroundings.log)
    const opened = await openStore(settings.store, {
      clock,
      random: randomBytes,
      patience,
      newEpoch: newEpoch(clock, randomBytes),
      checkpointTold: checkpointLog(surroundings.log),
    })
    void opened.lost?.then(lost.resolve)
    const { store, settled = Promise.resolve(), isShared = false, checkpoint } = opened
    const ground = {
      ...{ settings, origin, surroundings, facts, material, store, isShared, checkpoint },
      openMetrics: scrapedMetrics(() => performance.now()),
      cookieSuffix: '',
    }
    const composed = await composeBroker(ground, adapters)
    const door = doorOf({
      ...{ origin, views: facts.views, randomBytes },
      isExempt: () => false,
      shed: composed.capabilities.metrics.admission.shed,
    })
    return {
      ...composed,
      publicListener: openProcessAdmission(settings.mostRequests).behind(composed.publicListener, door),
      settled,
      url: origin.origin,
      end: () => Promise.resolve(),
      async close() {
        await composed.close()
        await store.close()
      },
    }
  })
  const { url, operatorToken, settled } = served
  return { url, operatorUrl, operatorToken, settled, lost: lost.promise, stop }
}
