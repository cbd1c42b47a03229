import type { Integration } from '#domain/integration.ts'
import { integrationsOf } from './configuration.ts'
import { type Check, type Examination, isLoopback } from './examination.ts'
import { type Finding, findingsOn } from './finding.ts'

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

/** Whether an address is ours under another name or port, so that what the browser brings there never arrives where it began. */
function isOursElsewhere(uri: URL, { origin, settings }: Examination): boolean {
  if (uri.origin === origin.origin) return false
  if (uri.pathname.startsWith('/playground/')) return true
  const hostname = withoutBrackets(uri.hostname)
  const names = [origin.host, ...settings.allowedHosts].map((host) => host.replace(/:\d+$/, ''))
  // On loopback another port is another program: an integration that runs beside us (RFC 8252 §7.3).
  if (isLoopback(hostname)) return origin.port !== '' && uri.port === origin.port
  return names.includes(uri.hostname)
}

/** The rules stand in RFC 6749 §3.1.2 (absolute, no fragment) and RFC 9700 §2.6 (https, or loopback). */
function problemOf(text: string, examination: Examination): Pick<Finding, 'verdict' | 'words'> | undefined {
  const uri = URL.parse(text)
  if (!uri) return { verdict: 'fail', words: 'is not absolute; allowed is https://HOST/PATH' }
  if (text.includes('#'))
    return {
      verdict: 'fail',
      words: 'has a fragment, which RFC 6749 §3.1.2 forbids; leave out all from # on',
    }
  const isOwn = uri.origin === examination.origin.origin
  const isLocal = uri.protocol === 'http:' && isLoopback(withoutBrackets(uri.hostname))
  if (uri.protocol !== 'https:' && !isLocal && !isOwn)
    return {
      verdict: 'fail',
      words: 'is neither https nor on loopback; codes sent there can be read on the way',
    }
  return isOursElsewhere(uri, examination)
    ? {
        verdict: 'warn',
        words: `is this server under another name or port than ${examination.origin.origin}; write {origin} instead`,
      }
    : undefined
}

/** @returns a finding for each URI that has a problem, or one that says that none has */
export function findingsOf(integration: Integration, examination: Examination): readonly Finding[] {
  const { clientId, redirectUris, postLogoutRedirectUris } = integration
  const uris = [...redirectUris, ...postLogoutRedirectUris]
  if (uris.length === 0) return []
  const on = findingsOn(`redirect URIs of ${clientId}`)
  const problems = [...new Set(uris)].flatMap((uri) => {
    const problem = problemOf(uri, examination)
    return problem ? [on[problem.verdict](`${uri} ${problem.words}`)] : []
  })
  const anyPort = uris.some((uri) => isLoopbackAddress(uri))
    ? '; those on a loopback address match on any port'
    : ''
  return problems.length > 0
    ? problems
    : [on.ok(`${uris.length}, each absolute and https, loopback or ours${anyPort}`)]
}

const isLoopbackAddress = (uri: string): boolean => /^http:\/\/(?:127\.0\.0\.1|\[::1\])[:/]/.test(uri)

/** The redirect URIs of every integration, `{origin}` resolved. */
export const checkRedirectUris: Check = async (examination) => {
  try {
    const integrations = await integrationsOf(examination)
    return integrations.flatMap((integration) => findingsOf(integration, examination))
  } catch {
    return [] // said by the check of the integrations
  }
}
