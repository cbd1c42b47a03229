import type Router from '@koa/router'
import type { Context } from 'koa'
import { passwordProblem } from '#domain/password-rules.ts'
import { isRefusal } from '#domain/refusal.ts'
import { parseRegionId, type RegionId, regionIds } from '#domain/region.ts'
import { normalizedEmail, parseUserId, type User } from '#domain/user.ts'
import { readForm } from '#http/form.ts'
import type { Directory } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import type { PersonRefusal, UpstreamPeople } from '#upstream/people.ts'
import { parseNewUser } from './new-user.ts'
import { problem } from './problem.ts'

export interface OperatorUsersParts {
  readonly identity: Identity
  readonly directory: Pick<Directory, 'update' | 'setPassword'>
  readonly people: Pick<UpstreamPeople, 'add' | 'givesRoles'>
  /** Every user of the directory, in the order of their ids. */
  readonly allUsers: () => Promise<readonly User[]>
  readonly randomBytes: (size: number) => Buffer
  /** Keeps in the audit what the operator did. */
  readonly record: (detail: string) => Promise<void>
  readonly log: (entry: Readonly<Record<string, string | number | undefined>>) => void
}

const userAnswer = (user: User): object => ({
  id: user.id,
  region: user.region,
  email: user.email,
  name: user.name,
  organization: { id: user.organizationId, name: user.organizationName },
  disabled: user.disabled,
  locked: user.locked === true,
  passwordExpired: user.passwordExpired === true,
})

/** Without letters and digits that look alike; 32 of them, so that each stands for five bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A password of 100 random bits that meets the rules, to be told once and changed at once. */
function generatedPassword(randomBytes: (size: number) => Buffer): string {
  for (;;) {
    const letters = [...randomBytes(20)].map((byte) => alphabet[byte % 32]).join('')
    const password = letters.replace(/.{5}(?=.)/g, '$&-')
    if (passwordProblem(password, '') === undefined) return password
  }
}

const namedAtMost = 20

/** Who there is, for whoever named somebody else. */
function inWords(users: readonly User[]): string {
  const named = users.slice(0, namedAtMost).map(({ email, id }) => `${email} (${id})`)
  const more = users.length - named.length
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** The region that is asked for, if any; in words what is wrong with the query. */
function regionOf(ctx: Context): RegionId | undefined | { readonly wrong: string } {
  const query = new URLSearchParams(ctx.querystring)
  const unknown = [...query.keys()].find((name) => name !== 'region')
  if (unknown !== undefined) return { wrong: `unknown parameter ${unknown}; allowed is region` }
  const text = query.get('region')
  const region = parseRegionId(text ?? '')
  return text === null || region
    ? region
    : { wrong: `region: found ${text}; allowed are ${regionIds.join(', ')}` }
}

export type Selected = User | { readonly status: number; readonly wrong: string }

/** The user of an id, or of an e-mail address, which may be two persons' in two regions. */
export async function selectUser(
  { identity, allUsers }: Pick<OperatorUsersParts, 'identity' | 'allUsers'>,
  text: string,
  region: RegionId | undefined,
): Promise<Selected> {
  const id = parseUserId(text)?.id
  const regions = region ? [region] : regionIds
  const fitting = id
    ? [await identity.find(id)]
    : await Promise.all(regions.map((one) => identity.findByEmail(one, normalizedEmail(text))))
  const [user, other] = fitting.filter((one) => one !== undefined)
  if (user && other)
    return {
      status: 409,
      wrong: `region: found nothing, and ${text} is a user in several; allowed are ${[user, other].map((one) => one.region).join(', ')}`,
    }
  return user ?? { status: 404, wrong: `user: found ${text}; allowed are ${inWords(await allUsers())}` }
}

/** What an operator does to one user. */
type Act = (parts: OperatorUsersParts, user: User) => Promise<object>

const acts: Readonly<Record<string, { readonly done: string; readonly event: string; readonly act: Act }>> = {
  // Tokens are kept, and open nothing until the user is enabled again.
  disable: {
    done: 'disabled',
    event: 'user-disabled',
    act: async ({ directory }, { id }) => ({ user: await directory.update(id, { disabled: true }) }),
  },
  enable: {
    done: 'enabled',
    event: 'user-enabled',
    act: async ({ directory }, { id }) => ({ user: await directory.update(id, { disabled: false }) }),
  },
  reset: {
    done: 'reset the password of',
    event: 'user-reset',
    act: async ({ directory, randomBytes }, { id }) => {
      const password = generatedPassword(randomBytes)
      return { user: await directory.setPassword(id, password, 'expired'), password }
    },
  },
}

function answer(ctx: Context, status: number, { user, ...rest }: { user?: User }): void {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { ...(user && { user: userAnswer(user) }), ...rest }
}

/** The field that a refusal is about. */
const fieldOf: Readonly<Record<PersonRefusal['code'], string>> = {
  unknown_organization: 'organization',
  unknown_account_group: 'accountGroup',
  unknown_role: 'role',
  email_taken: 'email',
}

async function addUser(parts: OperatorUsersParts, ctx: Context): Promise<void> {
  const { directory, people, record, log, randomBytes } = parts
  const wanted = parseNewUser(await readForm(ctx.req), people.givesRoles)
  if (typeof wanted === 'string') return problem(ctx, 400, wanted)
  const added = await people.add(wanted)
  if (isRefusal(added)) {
    const status = added.code === 'email_taken' ? 409 : 400
    return problem(ctx, status, `${fieldOf[added.code]}: ${added.description}`)
  }
  await record(`added ${added.id}`)
  log({ event: 'user-added', user: added.id })
  if (wanted.password !== undefined) return answer(ctx, 201, { user: added })
  const password = generatedPassword(randomBytes)
  const user = (await directory.setPassword(added.id, password, 'expired')) ?? added
  return answer(ctx, 201, { user, password } as { user: User })
}

/** Users, for whoever runs us: `GET` and `POST /operator/users`, and what is done to one of them. */
export function userRoutes(router: Router, parts: OperatorUsersParts): void {
  router.get('/operator/users', async (ctx) => {
    const region = regionOf(ctx)
    if (typeof region === 'object') return problem(ctx, 400, region.wrong)
    const users = (await parts.allUsers()).filter((user) => region === undefined || user.region === region)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { users: users.map(userAnswer) }
  })

  router.post('/operator/users', (ctx) => addUser(parts, ctx))

  for (const [name, { done, event, act }] of Object.entries(acts))
    router.post(`/operator/users/:user/${name}`, async (ctx) => {
      const region = regionOf(ctx)
      if (typeof region === 'object') return problem(ctx, 400, region.wrong)
      const user = await selectUser(parts, ctx.params['user'] ?? '', region)
      if ('wrong' in user) return problem(ctx, user.status, user.wrong)
      await parts.record(`${done} ${user.id}`)
      const outcome = await act(parts, user)
      parts.log({ event, user: user.id })
      return answer(ctx, 200, outcome)
    })
}
