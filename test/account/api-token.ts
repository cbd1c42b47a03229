/** A person who generates scoped API tokens, in a browser without scripts. */
import type { Page, Person } from '../support/person.ts'

export const tokensPath = '/account/api-tokens'
export const newPath: string = `${tokensPath}/new`

export interface ApiTokenWishes {
  readonly name?: string
  readonly scopes?: readonly string[]
  readonly accountGroups?: readonly string[]
  readonly isReadOnly?: boolean
  /** As `2026-11-26`; left out for what the form proposes. */
  readonly endDay?: string
}

/** What is filled in, beside what the form has. */
export const fieldsOf = ({
  name = 'Terraform',
  scopes = ['tests:read'],
  accountGroups = ['1101'],
  isReadOnly = false,
  endDay,
}: ApiTokenWishes = {}): Readonly<Record<string, string>> => ({
  name,
  ...Object.fromEntries(scopes.map((scope) => [`scope-${scope}`, 'on'])),
  ...Object.fromEntries(accountGroups.map((aid) => [`aid-${aid}`, 'on'])),
  ...(isReadOnly ? { 'read-only': 'on' } : {}),
  ...(endDay === undefined ? {} : { 'end-day': endDay }),
})

/** Fills the form in and presses Generate. @returns the page that follows */
export async function pressGenerate(
  service: { readonly url: string },
  person: Person,
  wishes?: ApiTokenWishes,
): Promise<Page> {
  await person.open(`${service.url}${newPath}`)
  return person.press('Generate', fieldsOf(wishes))
}

/** The value in the field of the token that was made just now. */
export const madeOn = (page: Page): string | undefined =>
  /<input[^>]*id="api-token"[^>]*value="([^"]*)"[^>]*readonly/.exec(page.html)?.[1]

/** @returns the token's value @throws with the words of the page when none was made */
export async function generate(
  service: { readonly url: string },
  person: Person,
  wishes?: ApiTokenWishes,
): Promise<string> {
  const page = await pressGenerate(service, person, wishes)
  const token = madeOn(page)
  if (token === undefined) throw new Error(`no token: ${page.status} ${page.text.slice(0, 400)}`)
  return token
}
