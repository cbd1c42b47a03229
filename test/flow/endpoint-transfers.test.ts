import { expect, onTestFinished, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { admin, signedIn } from '../account/signed-in.ts'
import { startPanoptes } from '../support/panoptes.ts'

const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const mac = '3fde6422-f119-40e1-ae32-000000001102'

test('a connection moves endpoint agents by a CSV file and watches them arrive', {
  timeout: 60_000,
}, async () => {
  const service = await startPanoptes()
  onTestFinished(service.stop)
  const person = await signedIn(service, admin)
  const scopes = ['endpoint-agents:manage', 'endpoint-tests:read']
  const whole = await generate(service, person, { name: 'All', scopes, accountGroups: ['1101', '1102'] })
  const limited = await generate(service, person, { name: 'One', scopes, accountGroups: ['1101'] })
  const call = (token: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${service.url}/v7/endpoint${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    })
  const move = (token: string, type: string): Promise<Response> =>
    call(token, '/agents/transfer/bulk?aid=1101', {
      method: 'POST',
      headers: { 'content-type': type },
      body: `agent_id,from_aid,to_aid\n${laptop},1101,1102\n${mac},1102,1101\n`,
    })
  const totals = async (): Promise<readonly number[]> =>
    Promise.all(
      ['1101', '1102'].map(async (aid) => {
        const answer = await call(whole, `/agents?aid=${aid}`)
        return ((await answer.json()) as { totalAgents: number }).totalAgents
      }),
    )

  expect((await move(limited, 'text/csv')).status).toBe(403)
  expect(await totals()).toEqual([3, 1])
  const moved = await move(whole, 'text/csv')
  expect(moved.status).toBe(207)
  expect(await moved.json()).toMatchObject({ items: [{ status: 200 }, { status: 404 }] })
  service.advance(60)
  expect(await totals()).toEqual([2, 2])
  expect((await call(limited, `/agents/${laptop}`)).status).toBe(404)
  const results = await call(whole, '/test-results/real-user-tests/filter?aid=1102&window=1h', {
    method: 'POST',
  })
  expect(await results.text()).toContain(laptop)
})
