import { openConnecting } from './connector.ts'
import type { LiveSettings } from './live-settings.ts'
import { unavailable } from './trouble.ts'

/** Whether an origin takes a connection of ours. */
export type Reached = 'reached' | 'unreachable' | 'untrusted' | 'broken'

function reachedBy(error: unknown): Reached {
  const { trouble } = unavailable(error)
  return trouble === 'unreachable' || trouble === 'untrusted' ? trouble : 'broken'
}

/** Connects as calls do, through the proxy and with TLS, and sends nothing. */
export function connectingTo(settings: LiveSettings): {
  reach(origin: string): Promise<Reached>
  close(): Promise<void>
} {
  const connecting = openConnecting(settings)
  return {
    close: () => connecting.close(),
    reach: (origin) =>
      new Promise((resolve) => {
        const { hostname, host, protocol, port } = new URL(origin)
        const name = hostname.replace(/^\[|\]$/g, '')
        connecting.connect({ hostname: name, host, protocol, port, servername: name }, (error, socket) => {
          socket?.on('error', () => undefined).destroy()
          resolve(error ? reachedBy(error) : 'reached')
        })
      }),
  }
}
