/** The pages of single sign-on in each of their states. */
import { ssoProblemPage } from '#authorization-server/sso-pages.ts'
import { demoSignInPage } from '#demo-provider/pages.ts'
import type { Views } from '#http/page.ts'
import type { SsoProblem } from '#sso/sso.ts'
import type { SampleText } from './sample-models.ts'

const requestId = '0192d5c1-7b1e-7c3a-9f62-5f3c1d2e4a90'

const problems: readonly SsoProblem[] = [
  'answer-refused',
  'not-under-way',
  'cancelled',
  'email-missing',
  'email-unverified',
  'email-elsewhere',
  'no-user',
  'another-user',
  'user-inactive',
  'not-permitted',
]

export function ssoPages(
  views: Views,
  { integration: provider, email }: SampleText,
): Readonly<Record<string, string>> {
  const again = { kind: 'again', action: '/account/sign-in', csrf: 'sample', region: 'us1', email } as const
  const demo = { action: '/demo-provider/authorize', csrf: 'sample', request: 'client_id=panoptes' } as const
  return {
    'sso-unreachable': ssoProblemPage(views, {
      problem: 'unreachable',
      provider,
      retry: { ...again, offersPassword: true },
      requestId,
    }),
    'sso-unreachable-forced': ssoProblemPage(views, {
      problem: 'unreachable',
      provider,
      retry: { ...again, offersPassword: false },
      requestId,
    }),
    ...Object.fromEntries(
      problems.map((problem) => [
        `sso-${problem}`,
        ssoProblemPage(views, {
          problem,
          provider,
          retry: { kind: 'start', href: '/account/sign-in' },
          requestId,
        }),
      ]),
    ),
    'demo-provider': demoSignInPage(views, { ...demo, email, isMissing: false }),
    'demo-provider-problem': demoSignInPage(views, { ...demo, email: 'nobody', isMissing: true }),
  }
}
