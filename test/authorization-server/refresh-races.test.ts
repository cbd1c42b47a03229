import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import {
  connectMeraki,
  exchange,
  expectRefusal,
  merakiSecret,
  newCode,
  paths,
  post,
  refresh,
  signedIn,
  type Tokens,
  v7Status,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
  person = await signedIn(service)
})
afterAll(() => service.stop())

const revoke = (token: string): Promise<Response> =>
  post(service, paths.revoke, { ...merakiSecret, token }).then()
/** Lets a different number of turns of the event loop pass each time. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Nothing that any of the answers holds works any more. */
async function expectNothingWorks(...answers: readonly Response[]): Promise<void> {
  for (const { status, body } of answers) {
    if (status !== 200 || body.access_token === undefined) continue
    const tokens = body as Tokens
    expect(await v7Status(service, tokens.access_token)).toBe(401)
    expectRefusal(await refresh(service, tokens.refresh_token), 'invalid_grant')
  }
}

describe('a revocation that races with a refresh, security-cases C13', () => {
  // Two hundred rounds of the same race without HTTP are in grant-work.test.ts.
  test('wins: once both have answered nothing of the connection works, in 60 rounds', async () => {
    const won = { refresh: 0, revocation: 0 }
    for (let round = 0; round < 60; round += 1) {
      const code = await newCode(service, person)
      const tokens = (await exchange(service, code)).body as Tokens
      const refreshing = turns(round % 7).then(() => refresh(service, tokens.refresh_token))
      const revoking = turns((round * 3) % 11).then(() =>
        revoke(round % 2 === 0 ? tokens.refresh_token : tokens.access_token),
      )
      const [refreshAnswer, revokeAnswer] = await Promise.all([refreshing, revoking])
      expect(revokeAnswer.status, revokeAnswer.text).toBe(200)
      if (refreshAnswer.status === 200) won.refresh += 1
      else {
        won.revocation += 1
        expectRefusal(refreshAnswer, 'invalid_grant')
      }
      expect(await v7Status(service, tokens.access_token)).toBe(401)
      await expectNothingWorks(refreshAnswer)
    }
    // Else the rounds were no race.
    expect(won.refresh).toBeGreaterThan(0)
    expect(won.revocation).toBeGreaterThan(0)
  })

  test('wins against many refreshes at once', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { refresh_token: token } = await connectMeraki(service, person)
      const refreshing = Array.from({ length: 20 }, () => refresh(service, token).then())
      const revoking = turns(round).then(() => revoke(token))
      const [answers, revoked] = await Promise.all([Promise.all(refreshing), revoking])
      expect(revoked.status).toBe(200)
      for (const answer of answers) expect([200, 400]).toContain(answer.status)
      await expectNothingWorks(...answers)
    }
  })

  test('wins against the exchange of the code', async () => {
    for (let round = 0; round < 10; round += 1) {
      const code = await newCode(service, person)
      const exchanging = exchange(service, code).then()
      const ending = turns(round).then(() =>
        fetch(`${service.operatorUrl}/operator/connections?integration=meraki`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${service.operatorToken}` },
        }),
      )
      const [answer, ended] = await Promise.all([exchanging, ending])
      expect(ended.status).toBe(200)
      expect([200, 400]).toContain(answer.status)
      await expectNothingWorks(answer)
    }
  })
})

describe('a refresh that races with its own successor', () => {
  /** The retry came in time and got the successor again, or it came too late and ended everything. */
  async function expectOneLeafAtMost(second: Tokens, again: Response, next: Response): Promise<void> {
    for (const { status } of [again, next]) expect([200, 400]).toContain(status)
    if (again.status === 200) expect(again.body).toEqual(second)
    const leaf = next.status === 200 ? (next.body as Tokens) : second
    const isAlive = (await v7Status(service, leaf.access_token)) === 200
    expect((await refresh(service, leaf.refresh_token)).status).toBe(isAlive ? 200 : 400)
  }

  test('never leaves two live leaves', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { refresh_token: first } = await connectMeraki(service, person)
      const second = (await refresh(service, first)).body as Tokens
      const [again, next] = await Promise.all([
        turns(round % 5).then(() => refresh(service, first)),
        turns((round * 2) % 5).then(() => refresh(service, second.refresh_token)),
      ])
      await expectOneLeafAtMost(second, again, next)
    }
  })
})
