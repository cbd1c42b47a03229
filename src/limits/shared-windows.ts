import { type NodeGround, nodeNews } from './node-news.ts'
import type { NodeWindows, WindowNews } from './organization-windows.ts'
import type { OrganizationWindows } from './upstream-budgets.ts'

export interface SharedWindowsParts extends NodeGround {
  readonly windows: NodeWindows
}

export interface SharedWindows extends OrganizationWindows {
  /** Tells what was not told yet; no call is under way. */
  close(): Promise<void>
}

/** Windows of organizations, told from node to node in rounds while calls go out. Calls themselves neither write nor wait. */
export function sharedWindows({ windows, ...ground }: SharedWindowsParts): SharedWindows {
  const rounds = nodeNews<readonly WindowNews[]>({
    ...ground,
    name: 'upstream-windows',
    tell() {
      const news = windows.news()
      return { news, endsAt: Math.max(0, ...news.map(({ resetAt }) => resetAt)) }
    },
    hear: (others) => windows.hear(others.flat()),
  })
  return {
    draw(organization, client) {
      rounds.stir()
      return windows.draw(organization, client)
    },
    ended(...call) {
      rounds.stir()
      windows.ended(...call)
    },
    standing: () => windows.standing(),
    close: () => rounds.close(),
  }
}
