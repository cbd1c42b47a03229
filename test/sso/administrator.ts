/** What an administrator of Acme does in v7, with the token of the seed. */
import type { RunningPanoptes } from '../support/panoptes.ts'

export interface ShownUser {
  readonly uid: string
  readonly email: string
  readonly name: string
  readonly accountGroupRoles: readonly {
    readonly accountGroup: { readonly aid: string }
    readonly roles: readonly { readonly name: string }[]
  }[]
}

export async function callV7<Body>(
  { url }: Pick<RunningPanoptes, 'url'>,
  method: string,
  path: string,
  body?: object,
): Promise<Body> {
  const answer = await fetch(`${url}/v7${path}`, {
    method,
    headers: {
      authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (answer.status === 204 ? undefined : await answer.json()) as Body
}

export async function findUser(service: RunningPanoptes, email: string): Promise<ShownUser | undefined> {
  const { users } = await callV7<{ users: ShownUser[] }>(service, 'GET', '/users')
  const found = users.find((user) => user.email === email)
  return found && callV7(service, 'GET', `/users/${found.uid}`)
}

/** Gives the user one role in 1101, which has these permissions and API access. */
export async function restrict(
  service: RunningPanoptes,
  email: string,
  labels: readonly string[],
): Promise<void> {
  const { permissions } = await callV7<{ permissions: { permissionId: string; label: string }[] }>(
    service,
    'GET',
    '/permissions',
  )
  const ids = permissions
    .filter(({ label }) => ['API access', ...labels].includes(label))
    .map(({ permissionId }) => permissionId)
  const { roleId } = await callV7<{ roleId: string }>(service, 'POST', '/roles', {
    name: `only ${labels.join(' and ') || 'API'} for ${email}`,
    permissions: ids,
  })
  const user = await findUser(service, email)
  await callV7(service, 'PUT', `/users/${user?.uid}`, {
    name: user?.name,
    email,
    loginAccountGroupId: '1101',
    accountGroupRoles: [{ accountGroupId: '1101', roleIds: [roleId] }],
    allAccountGroupRoleIds: [],
  })
}
