import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test as base, expect } from '@playwright/test'
import { startPanoptes } from 'panoptes/testing'

// What your product does. Here it is a page that is sent a code and shows how many tests the user has.
async function startProduct(panoptes) {
  const verifier = randomBytes(32).toString('base64url')
  const server = createServer(async (request, response) => {
    const { origin, pathname, searchParams } = new URL(request.url, `http://${request.headers.host}`)
    const redirectUri = `${origin}/callback`
    if (pathname === '/') {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: 'meraki',
        redirect_uri: redirectUri,
        scope: 'tests:manage offline_access',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      })
      return response.writeHead(303, { location: `${panoptes.url}/oauth2/authorize?${query}` }).end()
    }
    if (pathname !== '/callback') return response.writeHead(404).end()
    if (searchParams.has('error')) return response.end(`Not connected: ${searchParams.get('error')}`)
    const exchanged = await fetch(`${panoptes.url}/v7/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'meraki',
        client_secret: 'meraki-secret',
        redirect_uri: redirectUri,
        code: searchParams.get('code'),
        code_verifier: verifier,
      }),
    })
    const { access_token: token } = await exchanged.json()
    const answer = await fetch(`${panoptes.url}/v7/tests`, { headers: { authorization: `Bearer ${token}` } })
    const { tests } = await answer.json()
    return response.end(`Connected: ${tests.length} tests`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() }
}

// One emulator for each worker; a reset before each test.
const test = base.extend({
  panoptes: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are needed
    async ({}, use) => {
      await using panoptes = await startPanoptes()
      await use(panoptes)
    },
    { scope: 'worker' },
  ],
  product: async ({ panoptes }, use) => {
    await panoptes.reset()
    const product = await startProduct(panoptes)
    await use(product)
    product.stop()
  },
})

async function signIn(page) {
  await page.getByLabel('Email').fill('ops@acme.example')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill('panoptes-us1')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

test('a user connects the product', async ({ page, panoptes, product }) => {
  await page.goto(product.url)
  await signIn(page)
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText(/^Connected: \d+ tests$/)).toBeVisible()
  await panoptes.journal.expect({ name: 'getTests', status: 200 }, { times: 1 })
})

test('a user who presses Logout connects nothing', async ({ page, panoptes, product }) => {
  await page.goto(product.url)
  await signIn(page)
  await page.getByRole('button', { name: 'Logout' }).click()
  await expect(page.getByText('Not connected: access_denied')).toBeVisible()
  await panoptes.journal.expectNone({ name: 'token' })
})

test('a session that is over asks for the password again', async ({ page, panoptes, product }) => {
  await page.goto(product.url)
  await signIn(page)
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('Connected')).toBeVisible()
  await panoptes.clock.advance('31m')
  await page.goto(product.url)
  await expect(page.getByLabel('Email')).toBeVisible()
})
