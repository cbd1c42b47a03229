import { readFileSync } from 'node:fs'
import type { Integration } from '#domain/integration.ts'
import { parseIntegrations } from '#integrations/configured-integrations.ts'
import { InvalidSeed, readSeed } from '#upstream/emulator/seed.ts'
import { loadOperations } from '#upstream/operations.ts'
import { readScopeRules } from '#upstream/scope-rules.ts'
import type { Settings } from '../../settings.ts'
import type { Check, Examination } from './examination.ts'
import { findingsOn, messageOf } from './finding.ts'

/** The seed can be read, and says who and what is there; or everything that is wrong with it. */
export const checkSeed: Check<Settings> = async ({ settings }) => {
  const on = findingsOn('seed')
  try {
    const { users, accountGroups, objects } = await readSeed(settings.seed)
    const count = [...objects.values()].reduce((sum, list) => sum + list.length, 0)
    return [
      on.ok(
        `${settings.seed}: ${users.length} users, ${accountGroups.length} account groups, ${count} objects of them`,
      ),
    ]
  } catch (error) {
    if (!(error instanceof InvalidSeed)) return [on.fail(messageOf(error))]
    return error.problems.map((problem) => on.fail(`${settings.seed} is invalid: ${problem}`))
  }
}

/** @throws in one line when the file cannot be read or says what is not allowed */
export async function integrationsOf({ settings, origin }: Examination): Promise<readonly Integration[]> {
  const [{ words }, operations] = await Promise.all([readScopeRules(), loadOperations()])
  return parseIntegrations(readFileSync(settings.integrations, 'utf8'), {
    name: settings.integrations,
    origin: origin.origin,
    knownScopes: words.map(({ name }) => name),
    operations,
  }).integrations
}

/** The integrations can be read; redirect URIs that the server would refuse are among what is found here. */
export const checkIntegrations: Check = async (examination) => {
  const on = findingsOn('integrations')
  try {
    const names = (await integrationsOf(examination)).map(({ clientId }) => clientId)
    return [on.ok(`${examination.settings.integrations}: ${names.join(', ') || 'none'}`)]
  } catch (error) {
    return [on.fail(messageOf(error))]
  }
}
