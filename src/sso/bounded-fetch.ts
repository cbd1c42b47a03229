import { gathered } from '#domain/gathered.ts'
import { AnswerRefused, ProviderUnreachable } from './identity-provider.ts'

export type Fetch = (url: string, options: RequestInit) => Promise<Response>

export interface BoundedFetchParts {
  readonly fetch: Fetch
  /** The machine's clock, epoch ms. */
  readonly now: () => number
  readonly timeoutSeconds: number
  /** Whether the provider may send us there. */
  readonly allows: (url: URL) => boolean
}

/** Documents of providers are small; what is longer is none. */
const maxBytes = 1024 * 1024
/** Whoever comes while so many wait gets its refusal at once. */
const atOnce = 32
/** After so many failures in a row the provider is left alone for a while. */
const failuresInRow = 3
const restMs = 5_000

async function readBody(response: Response): Promise<Buffer> {
  const body = response.body ? await gathered(response.body, maxBytes) : Buffer.alloc(0)
  if (!body) throw new Error(`the answer has more than ${maxBytes} bytes`)
  return body
}

/**
 * Requests to one provider, each with an end in time and size. Redirects are not followed. While a provider fails, nobody waits
 * for it: sign-ins of others need the room. @throws ProviderUnreachable, AnswerRefused
 */
export function boundedFetch({ fetch: send, now, timeoutSeconds, allows }: BoundedFetchParts): Fetch {
  let failures = 0
  let leftAloneUntil = 0
  let underWay = 0

  async function answered(url: string, options: RequestInit): Promise<Response> {
    const signals = [AbortSignal.timeout(timeoutSeconds * 1000), ...(options.signal ? [options.signal] : [])]
    const response = await send(url, { ...options, redirect: 'manual', signal: AbortSignal.any(signals) })
    if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`)
    const body = await readBody(response)
    const { status, headers } = response
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers })
  }

  return async (url, options) => {
    if (!allows(new URL(url))) throw new AnswerRefused(`${new URL(url).origin} is not reached over https`)
    if (now() < leftAloneUntil) throw new ProviderUnreachable('it failed a moment ago')
    if (underWay >= atOnce) throw new ProviderUnreachable(`${atOnce} requests wait for it already`)
    underWay += 1
    try {
      const response = await answered(url, options)
      failures = 0
      return response
    } catch (cause) {
      failures += 1
      if (failures >= failuresInRow) leftAloneUntil = now() + restMs
      throw new ProviderUnreachable(`${new URL(url).origin}: ${String(cause)}`, { cause })
    } finally {
      underWay -= 1
    }
  }
}
