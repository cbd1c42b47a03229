import { interactionPolicy } from 'oidc-provider'

/**
 * Which step comes next, decided here alone: sign in unless the session is remembered, then confirm, on every request
 * (ASVS 5.0 10.7.1; product documentation 3.7). A session whose user was removed is nobody's. Steps never route to one another.
 */
export function stepPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  const always = new interactionPolicy.Check(
    'always',
    'the confirm page is always shown',
    // The engine's Check takes a context whose result has no type for the prompts.
    (ctx) => (ctx.oidc.result as { consent?: unknown } | undefined)?.consent === undefined,
  )
  // The engine lets such a session pass and then fails on its missing Grant.
  const userGone = new interactionPolicy.Check(
    'user_gone',
    'the user of the session was removed or disabled',
    'login_required',
    ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
  )
  policy.get('login')?.checks.add(userGone)
  policy.get('consent')?.checks.add(always)
  return policy
}
