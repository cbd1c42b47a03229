import { afterAll, beforeAll } from 'vitest'
import { type Panoptes, startPanoptes } from '../../../src/testing.ts'
import { type Ask, controlApi } from './control-api.ts'

export interface FileEmulator {
  /** Its origin, once the tests run. */
  readonly url: string
  readonly ask: Ask
}

/** Starts an emulator before the tests of a file, and stops it after them. */
export function fileEmulator(): FileEmulator {
  let panoptes: Panoptes
  let ask: Ask
  beforeAll(async () => {
    panoptes = await startPanoptes()
    ask = controlApi(panoptes.url)
  })
  afterAll(() => panoptes?.stop())
  return {
    get url() {
      return panoptes.url
    },
    ask: (method, path, body) => ask(method, path, body),
  }
}
