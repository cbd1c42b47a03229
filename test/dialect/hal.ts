/** What HAL links of v7 must be: absolute, ours, never null and never empty (v7-notes section 4). */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Links that lead into the application and not into the API. */
const isIntoApplication = (relation: string): boolean => relation === 'appLink'

function linkProblems(relation: string, link: unknown, origin: string): readonly string[] {
  if (Array.isArray(link)) return link.flatMap((one) => linkProblems(relation, one, origin))
  const href = isObject(link) ? link['href'] : undefined
  if (typeof href !== 'string' || !URL.canParse(href)) return [`${relation} is ${JSON.stringify(link)}`]
  return isIntoApplication(relation) || href.startsWith(`${origin}/v7/`)
    ? []
    : [`${relation} leads to ${href}`]
}

/** What is wrong with links anywhere in a body. */
export function halProblems(body: unknown, origin: string): readonly string[] {
  if (Array.isArray(body)) return body.flatMap((one) => halProblems(one, origin))
  if (!isObject(body)) return []
  return Object.entries(body).flatMap(([key, value]) => {
    if (key !== '_links') return halProblems(value, origin)
    return isObject(value)
      ? Object.entries(value).flatMap(([relation, link]) => linkProblems(relation, link, origin))
      : [`_links is ${JSON.stringify(value)}`]
  })
}
