import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { admin, splunkApp } from './integrations.ts'
import { addAccount, callFromSplunk, refreshInSplunk, type SplunkCall } from './splunk-client.ts'
import { callV7 } from './v7.ts'

describe('Splunk ThousandEyes App, keeping an account alive', () => {
  const users: SplunkCall = { method: 'GET', path: '/users/current' }

  test('refreshes on a 401 without scope or secret and repeats the call once', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    const before = { ...account }
    service.advance(splunkApp.lifetimes.access)
    expect((await callV7(service, before.accessToken, '/v7/users/current')).status).toBe(401)
    expect(await callFromSplunk(service, account, users)).toMatchObject({ body: { email: admin.email } })
    expect(account.accessToken).not.toBe(before.accessToken)
    expect(account.refreshToken).not.toBe(before.refreshToken)
  })

  test('keeps every scope through refreshes that name none', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    const answer = await splunkApp.refresh(service, account.refreshToken)
    expect(answer.scope.split(' ').sort()).toEqual(splunkApp.scope.split(' ').sort())
  })

  test('survives a data input and the weekly job that refresh the same account at once', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    service.advance(splunkApp.lifetimes.access)
    const [input, job] = [{ ...account }, { ...account }]
    await Promise.all([callFromSplunk(service, input, users), refreshInSplunk(service, job)])
    expect(job).toEqual(input)
    expect((await callFromSplunk(service, job, users)).status).toBe(200)
    await refreshInSplunk(service, input)
    expect((await callFromSplunk(service, input, users)).status).toBe(200)
  })

  test('survives a job that comes a moment later with the same refresh token, as after a lost answer', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    const [input, job] = [{ ...account }, { ...account }]
    await refreshInSplunk(service, input)
    service.advance(5)
    await refreshInSplunk(service, job)
    expect(job).toEqual(input)
    expect((await callFromSplunk(service, job, users)).status).toBe(200)
  })

  test('lives for months on the weekly job alone', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    for (let week = 0; week < 20; week += 1) {
      service.advance(604_800)
      await refreshInSplunk(service, account)
    }
    expect((await callFromSplunk(service, account, users)).status).toBe(200)
  })

  test('is told in words when its connection has ended', async () => {
    await using service = await startPanoptes()
    const account = await addAccount(service)
    await splunkApp.revoke(service, account.refreshToken)
    await expect(callFromSplunk(service, account, users)).rejects.toThrow(/grant/)
  })
})
