import type { Views } from '#http/page.ts'

/** Posts `csrf`, `request` (the query as it came) and `email` to `action`. */
export interface DemoSignInPage {
  readonly action: string
  readonly csrf: string
  readonly request: string
  /** Prefilled from `login_hint`, or as it was typed. */
  readonly email: string
  /** Whether what was typed is no e-mail address. */
  readonly isMissing: boolean
}

/** Field Email, button Sign in. */
export const demoSignInPage = (views: Views, page: DemoSignInPage): string =>
  views.render('demo-provider', page)
