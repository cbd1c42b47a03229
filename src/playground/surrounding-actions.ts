import type { AdjustableClock } from '#domain/clock.ts'
import type { Action, Submitted } from './actions.ts'
import type { PlaygroundClient } from './client.ts'
import type { PlaygroundMemory } from './memory.ts'

export interface SurroundingActionParts {
  readonly memory: PlaygroundMemory
  readonly client: PlaygroundClient
  readonly clock: AdjustableClock
  readonly reset: () => Promise<void>
  readonly log: (entry: Readonly<Record<string, string>>) => void
}

const longestStepSeconds = 86_400

/** As in the control API: far from the machine's own time, dates stop meaning anything. */
const farthestMs = 36_500 * 86_400_000

/** Whole milliseconds, at least one, as instants have no fractions. */
function step(clock: AdjustableClock, seconds: number): void {
  const milliseconds = Math.max(1, Math.round(seconds * 1000))
  if (clock.read().aheadMs + milliseconds <= farthestMs) clock.advance(milliseconds)
}

/** Moves the clock as the button says; anything else moves nothing. */
function moveClock(clock: AdjustableClock, by: string): void {
  const seconds = Number(by)
  if (by === 'freeze') clock.freeze()
  else if (by === 'resume') clock.resume()
  else if (by === 'now') clock.reset()
  else if (seconds > 0 && seconds <= longestStepSeconds) step(clock, seconds)
}

/** RFC 7591 §2: a client with a redirect URI asks in the browser, one without is a device. */
function metadataOf(form: ReadonlyMap<string, string>): object {
  const redirectUri = form.get('redirect_uri')?.trim() ?? ''
  const scope = form.get('scope')?.trim().replace(/\s+/g, ' ') ?? ''
  return {
    client_name: form.get('name')?.trim() ?? '',
    ...(scope === '' ? {} : { scope }),
    ...(redirectUri === ''
      ? {
          grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
          response_types: [],
          redirect_uris: [],
          token_endpoint_auth_method: 'none',
        }
      : {
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'client_secret_post',
        }),
  }
}

/** What concerns no single connection: time, the seed, clients of one's own. */
export function surroundingActions(parts: SurroundingActionParts): Readonly<Record<string, Action>> {
  const { memory, client, clock, reset, log } = parts
  return {
    time({ form }) {
      moveClock(clock, form.get('by') ?? '')
      return '/playground#time'
    },
    reset() {
      memory.clear()
      reset().catch((error: unknown) =>
        log({ event: 'failure', path: '/playground/reset', error: String(error) }),
      )
      return '/playground'
    },
    async clients({ browser, form }: Submitted) {
      memory.addRegistration(browser, await client.register(metadataOf(form)))
      return '/playground#own'
    },
  }
}
