import type { SsoRule } from '#sso/sso.ts'
import type { Check, Machine } from './examination.ts'
import { type Finding, findingsOn } from './finding.ts'

const pathOfDiscovery = '/.well-known/openid-configuration'

/** What the provider's discovery document calls it. @returns undefined when there is no such document */
async function issuerAt(issuer: URL, machine: Machine): Promise<string | undefined> {
  const [address] = await machine.resolve(issuer.hostname.replace(/^\[|\]$/g, ''))
  if (address === undefined) return undefined
  const isTls = issuer.protocol === 'https:'
  const answer = await machine.ask({
    protocol: isTls ? 'https:' : 'http:',
    address,
    port: Number(issuer.port) || (isTls ? 443 : 80),
    host: issuer.host,
    path: `${issuer.pathname.replace(/\/$/, '')}${pathOfDiscovery}`,
    ca: undefined,
  })
  try {
    const document: unknown = answer?.status === 200 ? JSON.parse(answer.body) : undefined
    return (document as { readonly issuer?: string } | undefined)?.issuer
  } catch {
    return undefined
  }
}

async function findingOf({ domains, mode, provider }: SsoRule, machine: Machine): Promise<Finding> {
  const on = findingsOn(`single sign-on of ${domains.join(', ')}`)
  if (mode === 'off') return on.ok('off: people of these domains sign in by password')
  if (provider.kind === 'saml')
    return on.ok(`${mode}, by SAML at ${provider.entryPoint}, which nobody asks before a sign-in`)
  if (provider.issuer.startsWith('{origin}')) return on.ok(`${mode}, by our own demo provider`)
  const said = await issuerAt(new URL(provider.issuer), machine)
  if (said === provider.issuer) return on.ok(`${mode}, by ${provider.issuer}, which answers`)
  return said === undefined
    ? on.warn(
        `${provider.issuer}${pathOfDiscovery} gives no discovery document here; until it does, nobody signs in by it`,
      )
    : on.fail(
        `the provider calls itself ${said}; write exactly that as oidc.issuer in place of ${provider.issuer}`,
      )
}

/** Each identity provider answers, by the very name that the configuration has for it (OpenID Connect Discovery 1.0 §4.3). */
export const checkSingleSignOn: Check = ({ settings, machine }) =>
  Promise.all(settings.sso.map((rule) => findingOf(rule, machine)))
