/** Serving a broker on its two ports. */
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { openStore } from '#store/open-store.ts'
import { bind } from './binding.ts'
import { composeBroker, type OpenBroker } from './compose-broker.ts'
import type { Surroundings } from './compose-capabilities.ts'
import { loadBrokerFacts } from './compose-facts.ts'
import type { BrokerSettings } from './settings.ts'
import type { Listening } from './welcome.ts'

export interface ServingBroker extends Listening {
  /** Refuses readiness, serves on for the notice of the settings, finishes what is under way within the grace, closes everything. */
  stop(graceMs: number): Promise<void>
}

/**
 * Starts a broker. @param openBroker what lends the credentials @returns once both listeners answer
 * @throws SettingsError, or an Error whose message is one line for a person
 */
export async function serveBroker(
  settings: BrokerSettings,
  surroundings: Surroundings,
  openBroker?: OpenBroker,
): Promise<ServingBroker> {
  const { clock, randomBytes } = surroundings
  const { served, operatorUrl, stop } = await bind(settings, clock, async ({ origin }) => {
    const [facts, material] = await Promise.all([
      loadBrokerFacts(),
      loadKeyMaterial(settings.data, randomBytes),
    ])
    const { store } = await openStore(settings.store, { clock, random: randomBytes })
    const ground = { settings, origin, surroundings, facts, material, store, cookieSuffix: '' }
    const composed = await composeBroker(ground, openBroker)
    return {
      ...composed,
      url: origin.origin,
      end: () => Promise.resolve(),
      async close() {
        await composed.close()
        await store.close()
      },
    }
  })
  return { url: served.url, operatorUrl, operatorToken: served.operatorToken, stop }
}
