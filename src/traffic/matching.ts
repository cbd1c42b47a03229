import type { Exchange, ExchangeQuery } from './traffic.ts'

/** Whether an exchange is what a query looks for, but for its client and for how many are wanted. */
export function matches(exchange: Exchange, query: ExchangeQuery): boolean {
  const { surface, name, method, path, status, after } = query
  return (
    (after === undefined || exchange.id > after) &&
    (surface === undefined || exchange.surface === surface) &&
    (name === undefined || exchange.name === name) &&
    (method === undefined || exchange.method === method) &&
    (path === undefined || exchange.path.startsWith(path)) &&
    (status === undefined || exchange.answer?.status === status)
  )
}

/** A token as an exchange shows it. */
const token = /<[\w.-]*token:([\w-]{8})>/gi

const tokensIn = (text: string): readonly string[] => [...text.matchAll(token)].map(([, hash = '']) => hash)

const field = ({ headers }: Exchange, name: string): string =>
  headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1] ?? ''

function namedClient(exchange: Exchange): string | undefined {
  const inQuery = exchange.query.find(([name]) => name === 'client_id')?.[1]
  return inQuery ?? new URLSearchParams(exchange.body?.text ?? '').get('client_id') ?? undefined
}

/**
 * Tells whose client an exchange was: by `client_id`, or by a token that was seen to be given to a client.
 * @returns what is to be asked of every exchange, oldest first
 */
export function clientReader(): (exchange: Exchange) => string | undefined {
  const clients = new Map<string, string>()
  return (exchange) => {
    const presented = tokensIn(field(exchange, 'authorization'))
    const client =
      namedClient(exchange) ?? presented.map((hash) => clients.get(hash)).find((one) => one !== undefined)
    if (client !== undefined)
      for (const hash of tokensIn(exchange.answer?.body?.text ?? '')) clients.set(hash, client)
    return client
  }
}
