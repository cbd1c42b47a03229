import type { Exchange, Fields } from '#traffic/traffic.ts'

/** A credential as the journal shows it: its kind, and eight characters that are the same for the same credential. */
const shown = /<([\w.-]+):([\w-]{8})>/g

/** Credentials that belong to a client, a person or a browser, and so to many flows. */
const shared = /secret|password|cookie|csrf|xsrf|credentials|registration/i

const fieldTexts = (fields: Fields, but: RegExp): readonly string[] =>
  fields.flatMap(([name, value]) => (but.test(name) ? [] : [value]))

/** What tells the flow of an exchange: state, codes, tokens, the id of an interaction, as the journal keeps them. */
export function tiesOf({ path, query, headers, body, answer }: Exchange): ReadonlySet<string> {
  const texts = [
    path,
    ...fieldTexts(query, /^$/),
    ...fieldTexts(headers, /cookie|referer/i),
    body?.text ?? '',
    ...(answer ? fieldTexts(answer.headers, /cookie/i) : []),
    answer?.body?.text ?? '',
  ]
  const found = texts.flatMap((text) => [...text.matchAll(shown)])
  return new Set(found.flatMap(([, kind = '', hash = '']) => (shared.test(kind) ? [] : [hash])))
}

/** Without any tie, what the same address did shortly before. */
const nearMs = 60_000
const nearLimit = 20

const nearby = (all: readonly Exchange[], one: Exchange): readonly Exchange[] =>
  all
    .filter(({ id, at, address }) => id <= one.id && one.at - at <= nearMs && address === one.address)
    .slice(-nearLimit)

/**
 * The flow that an exchange belongs to: all that share a credential with it, or with one that does.
 * @param all in ascending order @returns in ascending order; the exchange is among them
 */
export function flowOf(all: readonly Exchange[], one: Exchange): readonly Exchange[] {
  const ties = all.map((exchange) => ({ exchange, own: tiesOf(exchange) }))
  const known = new Set(tiesOf(one))
  if (known.size === 0) return nearby(all, one)
  const members = new Set<number>([one.id])
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false
    for (const { exchange, own } of ties) {
      if (members.has(exchange.id) || ![...own].some((tie) => known.has(tie))) continue
      members.add(exchange.id)
      for (const tie of own) known.add(tie)
      isGrowing = true
    }
  }
  return all.filter(({ id }) => members.has(id))
}
