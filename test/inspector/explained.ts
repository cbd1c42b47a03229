/** Exchanges of a running service, as its own journal tells them, and what the inspector says of them. */
import { type Explanation, explain } from '#inspector/explanations.ts'
import type { Exchange } from '#traffic/traffic.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'

/** The exchanges that fit, oldest first. @param query of `GET /emulator/journal` */
export async function recorded(
  service: Pick<RunningPanoptes, 'url'>,
  query: Readonly<Record<string, string>> = {},
): Promise<readonly Exchange[]> {
  const answer = await fetch(`${service.url}/emulator/journal?${new URLSearchParams(query)}`)
  const { exchanges } = (await answer.json()) as { exchanges: readonly (Exchange & { at: unknown })[] }
  return exchanges.map((exchange) => ({ ...exchange, at: Date.parse(String(exchange.at)) }))
}

/** The newest exchange that fits. */
export async function newest(
  service: Pick<RunningPanoptes, 'url'>,
  query: Readonly<Record<string, string>>,
): Promise<Exchange> {
  const exchange = (await recorded(service, query)).at(-1)
  if (!exchange) throw new Error(`no exchange fits ${JSON.stringify(query)}`)
  return exchange
}

/** The rules of an explanation by what became of them. */
export const rulesBy = ({ checks }: Explanation, outcome: string): readonly string[] =>
  checks.filter((check) => check.outcome === outcome).map(({ rule }) => rule)

export async function explained(
  service: Pick<RunningPanoptes, 'url'>,
  query: Readonly<Record<string, string>>,
): Promise<Explanation> {
  return explain(await newest(service, query))
}
