import type { Call } from '../call.ts'
import { textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { changeTest } from './test-history.ts'

/** The configured tests of the account group that the rule is linked to. */
export const testsOfRule = (ruleId: string, aid: string | undefined, state: Objects): readonly Entry[] =>
  state
    .all('tests')
    .filter(({ aid: owner, fields }) => owner === aid && fields['instant'] !== true)
    .filter(({ fields }) => textsOf(fields['alertRules']).includes(ruleId))

/** Links the rule to exactly these tests: the relation is kept on the tests, where `alertRules` shows it. */
export function setTestsOfRule(rule: Entry, testIds: readonly string[], call: Call): void {
  const wanted = new Set(testIds)
  for (const test of call.state.all('tests')) {
    if (test.aid !== rule.aid || test.fields['instant'] === true) continue
    const ruleIds = textsOf(test.fields['alertRules'])
    if (ruleIds.includes(rule.id) === wanted.has(test.id)) continue
    const others = ruleIds.filter((id) => id !== rule.id)
    changeTest(test, { alertRules: wanted.has(test.id) ? [...others, rule.id] : others }, call)
  }
}
