import { describe, expect, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { compositions } from './compositions.ts'
import { callV7 } from './v7.ts'

interface Page {
  readonly agents: readonly { readonly id: string }[]
  readonly _links: { readonly next?: { readonly href: string } }
}

const idsOf = ({ body }: { readonly body: Page }): readonly string[] => body.agents.map(({ id }) => id)

describe.each(compositions)('in the composition %s, a cursor', { timeout: 60_000 }, (_, start) => {
  test('of another account group, from another connection, shows nothing of it', async () => {
    const { service, person } = await start()
    const scopes = ['endpoint-agents:manage']
    const theirs = await generate(service, person, { name: 'Theirs', scopes, accountGroups: ['1101'] })
    const ours = await generate(service, person, { name: 'Ours', scopes, accountGroups: ['1102'] })
    const list = (token: string, aid: string, more = '') =>
      callV7<Page>(service, token, `/v7/endpoint/agents?aid=${aid}${more}`)
    const first = await list(theirs, '1101', '&max=1')
    const cursor = new URL(first.body._links.next?.href ?? '').searchParams.get('cursor')
    expect(cursor).not.toBeNull()
    expect(idsOf(await list(theirs, '1101', `&max=1&cursor=${cursor}`))).toHaveLength(1)
    const own = idsOf(await list(ours, '1102'))
    expect(idsOf(await list(theirs, '1101')).filter((id) => own.includes(id))).toEqual([])
    const foreign = await list(ours, '1102', `&cursor=${cursor}`)
    expect(foreign.status).toBe(200)
    expect(idsOf(foreign).filter((id) => !own.includes(id))).toEqual([])
    const named = await list(ours, '1101', `&cursor=${cursor}`)
    expect(named.status).toBe(403)
  })
})
