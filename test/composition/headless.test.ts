import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ControlClient, controlClient } from '../bench/control-client.ts'
import { startPanoptes } from '../support/panoptes.ts'

describe('requests that the server sends itself', () => {
  let panoptes: Awaited<ReturnType<typeof startPanoptes>>
  let control: ControlClient
  beforeAll(async () => {
    panoptes = await startPanoptes()
    control = controlClient(panoptes.url)
  })
  afterAll(async () => {
    control.close()
    await panoptes.stop()
  })

  test('leave nothing behind that fails once the patience with unread bodies is over', async () => {
    await control.authorize()
    await pause(1_300)
    await control.authorize()
    const failures = panoptes.log.filter((entry) => JSON.stringify(entry).includes('failure'))
    expect(failures).toEqual([])
  })
})
