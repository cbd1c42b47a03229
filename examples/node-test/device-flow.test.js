import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPanoptes } from 'panoptes/testing'

let panoptes
before(async () => {
  panoptes = await startPanoptes()
})
after(() => panoptes.stop())

// What your product does. Here it is SD-WAN Manager in a few lines.
async function post(url, fields) {
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'sd-wan-manager', ...fields }),
  })
  return answer.json()
}
const askForCode = (origin) =>
  post(`${origin}/v7/oauth2/device/authorization`, { scope: 'tests:manage offline_access' })
const poll = (origin, device) =>
  post(`${origin}/v7/oauth2/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code,
  })

// Tests beside each other: a workspace has users, tokens, clock and faults of its own.
const options = { concurrency: true }

test('the device flow', options, async (t) => {
  await Promise.all([
    t.test('gives tokens once the user has approved', async () => {
      await using workspace = await panoptes.workspaces.create('approved')
      const device = await askForCode(workspace.url)
      await workspace.device.approve(device.user_code, { user: 'ops@acme.example' })
      const tokens = await poll(workspace.url, device)
      assert.equal(tokens.token_type, 'Bearer')
      await workspace.journal.expect({ name: 'token', status: 200 }, { times: 1 })
    }),

    t.test('ends when the user presses Logout', async () => {
      await using workspace = await panoptes.workspaces.create('denied')
      const device = await askForCode(workspace.url)
      await workspace.device.deny(device.user_code, { user: 'ops@acme.example' })
      assert.equal((await poll(workspace.url, device)).error, 'access_denied')
    }),

    t.test('slows a device down that asks too fast', async () => {
      await using workspace = await panoptes.workspaces.create('fast')
      await workspace.clock.freeze()
      const device = await askForCode(workspace.url)
      assert.equal((await poll(workspace.url, device)).error, 'authorization_pending')
      assert.equal((await poll(workspace.url, device)).error, 'slow_down')
      await workspace.clock.advance(device.interval + 5)
      assert.equal((await poll(workspace.url, device)).error, 'authorization_pending')
    }),

    t.test('ends with its time', async () => {
      await using workspace = await panoptes.workspaces.create('late')
      const device = await askForCode(workspace.url)
      await workspace.clock.advance(device.expires_in)
      assert.equal((await poll(workspace.url, device)).error, 'expired_token')
      await workspace.journal.expectNone({ surface: 'v7' })
    }),
  ])
})
