import { regionIds } from '#domain/region.ts'
import { isActive, normalizedEmail, parseUserId, type User } from '#domain/user.ts'
import { writtenAddress } from '#http/client-address.ts'
import { members, region } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'
import { type ControlAnswer, type ControlRoute, route } from './route.ts'

/** Who is meant, as a request says it. */
export interface UserSelection {
  /** An e-mail address or a user id. */
  readonly user: string
  readonly region?: User['region'] | undefined
}

/** In the order of the regions, and of the seed below them. */
export async function usersInOrder(users: EmulatorControlParts['users']): Promise<readonly User[]> {
  const place = ({ region, uid }: User): number => regionIds.indexOf(region) * 1e15 + Number(uid)
  return [...(await users.all())].sort((one, other) => place(one) - place(other))
}

const inWords = ({ email, id, region }: User): string => `${email} (${region}, ${id})`

/**
 * The user of a selection. An e-mail address may be two persons' in two regions, and then the region has to be said.
 * @returns the user, or why there is none
 */
export async function selectUser(
  users: EmulatorControlParts['users'],
  selection: UserSelection,
): Promise<User | ControlRefusal> {
  const all = await usersInOrder(users)
  const id = parseUserId(selection.user)?.id
  const email = normalizedEmail(selection.user)
  const fitting = all.filter(
    (one) =>
      (id === undefined ? normalizedEmail(one.email) === email : one.id === id) &&
      (selection.region === undefined || one.region === selection.region),
  )
  const [first, second] = fitting
  if (first === undefined)
    return refuseWith(
      404,
      'unknown_user',
      `user: ${found(selection.user)}${selection.region ? ` in ${selection.region}` : ''}; ${allowedAre(all.map(inWords))}`,
    )
  if (second !== undefined)
    return refuseWith(
      409,
      'ambiguous_user',
      `region: found nothing, and ${selection.user} is ${fitting.map(inWords).join(' and ')}; allowed are ${fitting.map((one) => one.region).join(', ')}`,
    )
  return first
}

/** The same for what only a user who may sign in can do. */
export async function selectActiveUser(
  users: EmulatorControlParts['users'],
  selection: UserSelection,
): Promise<User | ControlRefusal> {
  const user = await selectUser(users, selection)
  return 'kind' in user || isActive(user)
    ? user
    : refuseWith(
        409,
        'inactive_user',
        `user: ${inWords(user)} is locked or disabled, and nothing is opened for them`,
      )
}

const userAnswer = (user: User): object => ({
  id: user.id,
  email: user.email,
  name: user.name,
  region: user.region,
  organization: { id: user.organizationId, name: user.organizationName },
  locked: user.locked === true,
})

const regionQuery = members({ region: region.optional() })

function lockRoute(parts: EmulatorControlParts, method: 'PUT' | 'DELETE'): ControlRoute {
  return route({
    method,
    path: '/emulator/users/{user}/lock',
    query: regionQuery,
    answer: async ({ params: { user = '' }, query }) => {
      const found = await selectUser(parts.users, { user, region: query.region })
      if ('kind' in found) return found
      await parts.users.setLocked(found, method === 'PUT')
      return { status: 204 }
    },
  })
}

function addressRoute(
  method: 'PUT' | 'DELETE',
  answer: (address: string) => Promise<ControlAnswer | ControlRefusal>,
): ControlRoute {
  return route({
    method,
    path: '/emulator/blocked-addresses/{address}',
    answer: ({ params }) => {
      const { address: text = '' } = params
      const address = writtenAddress(text)
      return address === undefined
        ? refuseWith(
            422,
            'invalid_address',
            `address: ${found(text)}; allowed is an IP address, as 203.0.113.7`,
          )
        : answer(address)
    },
  })
}

/** Limits that are off cannot be reached. */
export const limitsAreOff: ControlRefusal = refuseWith(
  409,
  'limits_off',
  'This emulator was started with limits off; allowed is with --limits on, the default.',
)

/** The people of the seed and of v7, locked and unlocked, and the addresses that calls come from. */
export function userRoutes(parts: EmulatorControlParts): readonly ControlRoute[] {
  return [
    route({
      method: 'GET',
      path: '/emulator/users',
      answer: async () => ({
        status: 200,
        body: { users: (await usersInOrder(parts.users)).map(userAnswer) },
      }),
    }),
    lockRoute(parts, 'PUT'),
    lockRoute(parts, 'DELETE'),
    addressRoute('PUT', async (address) => {
      const until = await parts.addresses.block(address)
      return until === undefined
        ? limitsAreOff
        : { status: 200, body: { address, blockedUntil: new Date(until).toISOString() } }
    }),
    addressRoute('DELETE', async (address) => {
      await parts.addresses.lift(address)
      return { status: 204 }
    }),
  ]
}
