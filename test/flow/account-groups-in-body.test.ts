import { describe, expect, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { adminEmail } from '../broker/linked-broker.ts'
import { compositions } from './compositions.ts'
import { callV7 } from './v7.ts'

const scopes = ['tests:manage', 'organization:manage']
const newTest = {
  testName: 'Shared',
  url: 'https://shared.example',
  interval: 120,
  agents: [{ agentId: '3' }],
}

interface Listed {
  readonly accountGroups: readonly { readonly aid: string }[]
}

describe.each(compositions)(
  'in the composition %s, account groups beside aid',
  { timeout: 60_000 },
  (_, start) => {
    test('are named, listed and shared with by a connection as far as it has them', async () => {
      const { service, person } = await start()
      const limited = await generate(service, person, { name: 'One', scopes, accountGroups: ['1101'] })
      const whole = await generate(service, person, { name: 'All', scopes, accountGroups: ['1101', '1102'] })
      const share = (token: string, with_: readonly string[]) =>
        callV7<{ code?: string }>(service, token, '/v7/tests/http-server?aid=1101', {
          method: 'POST',
          json: { ...newTest, testName: `Shared with ${with_}`, sharedWithAccounts: with_ },
        })
      expect(await share(limited, ['1102'])).toMatchObject({
        status: 403,
        body: { code: 'account_group_not_granted' },
      })
      expect((await share(limited, ['1101'])).status).toBe(201)
      expect((await share(whole, ['1102'])).status).toBe(201)

      const listed = async (token: string) =>
        (await callV7<Listed>(service, token, '/v7/account-groups')).body.accountGroups.map(({ aid }) => aid)
      expect(await listed(limited)).toEqual(['1101'])
      expect((await listed(whole)).toSorted()).toEqual(['1101', '1102'])
      expect((await callV7(service, limited, '/v7/quotas')).status).toBe(403)
      expect((await callV7(service, whole, '/v7/quotas')).status).not.toBe(403)
    })

    test('are told by an explanation, with a body or without', async () => {
      const { service, person } = await start()
      await generate(service, person, { name: 'One', scopes, accountGroups: ['1101'] })
      const explain = async (body?: string) => {
        const query = new URLSearchParams({
          ...{ user: adminEmail, region: 'us1', apiToken: 'One', method: 'POST', aid: '1101' },
          ...{ path: '/v7/tests/http-server', ...(body === undefined ? {} : { body }) },
        })
        const answer = await fetch(`${service.operatorUrl}/operator/explain?${query}`, {
          headers: { authorization: `Bearer ${service.operatorToken}` },
        })
        return (await answer.json()) as {
          verdict: string
          rules: { rule: string; outcome: string; words: string }[]
        }
      }
      expect(await explain()).toMatchObject({
        verdict: 'passes',
        rules: expect.arrayContaining([
          {
            ...{ rule: 'groups-in-body', outcome: 'passed' },
            words: expect.stringContaining(
              'sharedWithAccounts may only name account groups of the connection (1101)',
            ),
          },
        ]),
      })
      expect((await explain('{"sharedWithAccounts":["1101"]}')).verdict).toBe('passes')
      const named = await explain('{"sharedWithAccounts":["1102"]}')
      // A broker says `open`: only the upstream could tell whether the user reaches any other.
      expect(named.verdict).not.toBe('passes')
      const others = named.rules.filter(({ outcome }) => outcome !== 'passed')
      expect(others.map(({ rule }) => rule)).toEqual(['groups-in-body'])
    })
  },
)
