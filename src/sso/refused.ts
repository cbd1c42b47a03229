import type { SsoProblem, SsoRefused, SsoRule } from './sso.ts'

export const refused = (problem: SsoProblem, rule?: SsoRule, back?: string): SsoRefused => ({
  kind: 'refused',
  problem,
  provider: rule?.name,
  back,
})
