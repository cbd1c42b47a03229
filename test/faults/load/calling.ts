/**
 * The load of a broker: v7 calls and refreshes, three to one as reliability 3 has them, by clients that are linked. What else stands there
 * begins on pages, which a broker has no control API for.
 */
import type { Client } from './client.ts'
import { type Pacing, pace } from './pace.ts'

/** Of each twenty, the 12 calls and 4 refreshes. */
const refreshEach = 4

/** Each client in its turn, until it is stopped. */
export function startCalling(clients: readonly Client[], perSecond: number): Pacing {
  const refreshing = new Set<Client>()
  async function refresh(client: Client): Promise<void> {
    if (refreshing.has(client)) return
    refreshing.add(client)
    await client.refresh()
    refreshing.delete(client)
  }
  return pace(perSecond, (sent) => {
    const client = clients[Math.floor(sent / refreshEach) % clients.length]
    if (!client) return Promise.resolve()
    return sent % refreshEach === 0 ? refresh(client) : client.call()
  })
}
