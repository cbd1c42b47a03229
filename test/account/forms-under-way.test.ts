import { afterEach, beforeEach, expect, test } from 'vitest'
import { slowPost } from '../steps/slow-post.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { admin, adminToken, callWith, csrfOf, post, signedIn } from './signed-in.ts'

let service: RunningPanoptes
beforeEach(async () => {
  service = await startPanoptes()
})
afterEach(() => service.stop())

const operator = (path: string): Promise<Response> =>
  fetch(`${service.operatorUrl}/operator/users/us1.1001/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.operatorToken}` },
  })

async function endEverywhere(owner: Person): Promise<void> {
  const page = await owner.open(`${service.url}/account/sessions`)
  await post(service, owner, '/account/sessions/end-all', { csrf: csrfOf(page) })
}

const endings: readonly (readonly [string, (owner: Person) => Promise<unknown>])[] = [
  ['is ended from another browser', endEverywhere],
  ['ends with a reset', () => operator('reset')],
  ['ends with its user disabled', () => operator('disable')],
]

test.each(endings)('a form whose body comes after its session %s does nothing', async (_, end) => {
  const owner = await signedIn(service, admin)
  const thief = await signedIn(service, admin)
  const csrf = csrfOf(await thief.open(`${service.url}/account/profile`))
  const form = await slowPost(
    `${service.url}/account/profile/user-api-token/revoke`,
    { csrf },
    thief.cookiesFor(new URL(service.url)),
  )
  await end(owner)
  const { status, location } = await form.finish()
  await operator('enable')
  expect([status, location]).toEqual([303, '/account/sign-in'])
  expect(await callWith(service, adminToken)).toBe(200)
})
