import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { admin, adminToken, ops, signedIn, viewer } from './signed-in.ts'

describe('the tab Account Groups, product documentation 1.7 and 1.8', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test.each([
    ['both groups, the login account group first', admin, ['Acme HQ Login account group', 'Acme Branches']],
    ['the one that a viewer reaches', viewer, ['Acme HQ Login account group']],
    [
      'those of another organization',
      ['admin@globex.example', 'panoptes-us2'] as const,
      ['Globex Login account group', 'API Team TF Providers'],
    ],
  ])('lists %s', async (_, who, names) => {
    const page = await (await signedIn(service, who)).open(`${service.url}/account/account-groups`)
    const items = [...page.html.matchAll(/<li><bdi>([\s\S]*?)<\/li>/g)]
    expect(items.map(([, item = '']) => item.replace(/<[^>]*>/g, ''))).toEqual(names)
  })

  test('has no id of an account group anywhere, and says who tells them', async () => {
    const answer = await fetch(`${service.url}/v7/account-groups`, {
      headers: { authorization: `Bearer ${adminToken}` },
    })
    const { accountGroups } = (await answer.json()) as { accountGroups: readonly { aid: string }[] }
    expect(accountGroups.length).toBeGreaterThan(1)
    const page = await (await signedIn(service, admin)).open(`${service.url}/account/account-groups`)
    for (const { aid } of accountGroups) expect(page.html).not.toContain(aid)
    expect(page.text).toContain('GET /v7/account-groups')
  })

  test('shows a group that was added, its markup as text', async () => {
    const name = `<img src=x onerror=alert(1)>&"'`
    const created = await fetch(`${service.url}/v7/account-groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ accountGroupName: name }),
    })
    expect(created.status).toBe(201)
    const page = await (await signedIn(service, admin)).open(`${service.url}/account/account-groups`)
    expect(page.text).toContain(name)
    expect(page.html).not.toContain('<img')
    expect((await (await signedIn(service, ops)).open(page.url)).text).not.toContain(name)
  })
})
