import type { Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'

/** The configured tests of the account group that the rule is linked to. */
export const testsOfRule = (ruleId: string, aid: string | undefined, state: Objects): readonly Entry[] =>
  state
    .all('tests')
    .filter(({ aid: owner, fields }) => owner === aid && fields['instant'] !== true)
    .filter(({ fields }) => textsOf(fields['alertRules']).includes(ruleId))

/** Links the rule to exactly these tests: the relation is kept on the tests, where `alertRules` shows it. */
export function setTestsOfRule(rule: Entry, testIds: readonly string[], { state, now }: Call): void {
  for (const test of state.all('tests')) {
    if (test.aid !== rule.aid || test.fields['instant'] === true) continue
    const ruleIds = textsOf(test.fields['alertRules'])
    if (ruleIds.includes(rule.id) === testIds.includes(test.id)) continue
    const others = ruleIds.filter((id) => id !== rule.id)
    const alertRules = testIds.includes(test.id) ? [...others, rule.id] : others
    state.put({ ...test, fields: { ...test.fields, alertRules, modifiedDate: isoDate(now) } })
  }
}
