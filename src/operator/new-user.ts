import { passwordProblem } from '#domain/password-rules.ts'
import { parseRegionId, type RegionId, regionIds } from '#domain/region.ts'
import type { NewPerson } from '#upstream/people.ts'

const required = ['region', 'email', 'organization'] as const
const ofRole = ['accountGroup', 'role'] as const
const optional = ['name', 'password'] as const
const known: readonly string[] = [...required, ...ofRole, ...optional]

type Form = ReadonlyMap<string, string>

const isEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text) && text.length <= 254

/** What is wrong with the fields, in words: key, found, allowed. */
function formProblem(form: Form, needed: readonly string[]): string | undefined {
  const unknown = [...form.keys()].find((name) => !known.includes(name))
  if (unknown !== undefined) return `${unknown}: found an unknown field; allowed are ${known.join(', ')}`
  const missing = needed.find((name) => (form.get(name) ?? '').trim() === '')
  if (missing !== undefined) return `${missing}: found nothing; needed are ${needed.join(', ')}`
  const [email = '', password] = [form.get('email')?.trim(), form.get('password')]
  if (!isEmail(email))
    return `email: found ${email.slice(0, 80)}; allowed is an address as name@company.example`
  const wrong = password === undefined ? undefined : passwordProblem(password, email)
  return wrong && `password: ${wrong}`
}

/**
 * The new user of a form, or in words what is wrong with it.
 * @param givesRoles whether the upstream wants to know a role of the user
 */
export function parseNewUser(form: Form, givesRoles: boolean): NewPerson | string {
  const problem = formProblem(form, givesRoles ? [...required, ...ofRole] : required)
  if (problem !== undefined) return problem
  const text = (name: string): string => (form.get(name) ?? '').trim()
  const region: RegionId | undefined = parseRegionId(text('region'))
  if (!region) return `region: found ${text('region')}; allowed are ${regionIds.join(', ')}`
  const password = form.get('password')
  return {
    region,
    organizationId: text('organization'),
    email: text('email'),
    name: text('name') || text('email'),
    roles: ofRole.some((name) => text(name) !== '')
      ? [{ accountGroup: text('accountGroup'), role: text('role') }]
      : [],
    ...(password === undefined ? {} : { password }),
  }
}
