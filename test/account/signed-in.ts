/** A person on the account page, in a browser without scripts. */
import { type Page, Person } from '../support/person.ts'

/** Whatever is served at an origin. */
interface Served {
  readonly url: string
}

/** Seeded without a User API Token. */
export const ops = ['ops@acme.example', 'panoptes-us1'] as const
export const viewer = ['viewer@acme.example', 'panoptes-us1'] as const
/** Seeded with the token of the product documentation. */
export const admin = ['admin@acme.example', 'panoptes-us1'] as const
export const adminToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

export async function signedIn(
  service: Served,
  [email, password]: readonly [string, string],
): Promise<Person> {
  const person = new Person()
  await person.open(`${service.url}/account`)
  await person.signIn(email, password)
  return person
}

export const csrfOf = (page: Page): string => /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''

/** The value in the field `User API Token`. */
export const tokenOn = (page: Page): string | undefined =>
  /<input[^>]*id="user-api-token"[^>]*value="([^"]*)"[^>]*readonly/.exec(page.html)?.[1]

/** The status of a v7 call with the token. */
export const callWith = async (service: Served, token: string): Promise<number> =>
  (await fetch(`${service.url}/v7/tests`, { headers: { authorization: `Bearer ${token}` } })).status

export const post = (
  service: Served,
  person: Person,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<Page> =>
  person.request(`${service.url}${path}`, { method: 'POST', body: new URLSearchParams(form) })
