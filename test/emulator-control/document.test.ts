import { describe, expect, test } from 'vitest'
import { controlRoutes } from '../../src/emulator-control/emulator-control.ts'
import type { EmulatorControlParts } from '../../src/emulator-control/parts.ts'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { document, documented } from './support/control-api.ts'
import { violations } from './support/schema-check.ts'

/** Enough to declare the routes, which read their parts only when they answer. */
const idle = { workspace: { url: 'http://localhost', snapshots: {} }, traffic: {} } as EmulatorControlParts

describe('the document of the control API', () => {
  test('names the paths and methods that the routes have, and no others', () => {
    const routed = controlRoutes(idle).map(({ method, path }) => `${method} ${path}`)
    expect(routed.length).toBeGreaterThan(35)
    expect(routed.toSorted()).toEqual([...documented].toSorted())
  })

  test('gives every operation an id of its own', () => {
    const ids = [...JSON.stringify(document).matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(documented.length)
  })

  test('says something in every member: a comma of a sentence did not begin one', () => {
    const empty = (node: unknown, at: string): readonly string[] => {
      if (node === null) return [at]
      if (typeof node !== 'object') return []
      return Object.entries(node as object).flatMap(([key, value]) => empty(value, `${at}/${key}`))
    }
    expect(empty(document, '')).toEqual([])
  })

  test('is served as JSON and as it is written', async () => {
    await using panoptes: Panoptes = await startPanoptes()
    const json = await fetch(`${panoptes.url}/emulator/openapi.json`)
    expect(await json.json()).toEqual(document)
    const yaml = await fetch(`${panoptes.url}/emulator/openapi.yaml`)
    expect(yaml.headers.get('content-type')).toMatch(/^application\/yaml/)
    expect(await yaml.text()).toMatch(/^# The control API[\s\S]*openapi: 3\.1\.0/)
  })
})

describe('the check of answers bites', () => {
  const schema = { $ref: '#/components/schemas/Clock' }
  const right = { now: '2026-01-31T12:00:00.000Z', aheadSeconds: 0.5, frozen: false }

  test('a right answer passes', () => {
    expect(violations(document, schema, right)).toEqual([])
  })

  test.each([
    ['a missing member', { now: right.now, aheadSeconds: 0 }],
    ['an undocumented member', { ...right, zone: 'UTC' }],
    ['a wrong type', { ...right, frozen: 'no' }],
    ['a wrong format', { ...right, now: 'noon' }],
    ['no object', []],
  ])('%s', (_, answer) => {
    expect(violations(document, schema, answer)).not.toEqual([])
  })

  test('a member that only another kind of fault has', () => {
    const fault = { id: 'fault-1', on: 'token', latency: 1, seen: 0, hits: 0 }
    const standing = { $ref: '#/components/schemas/StandingFault' }
    expect(violations(document, standing, fault)).toEqual([])
    expect(violations(document, standing, { ...fault, speed: 1 })).not.toEqual([])
    expect(violations(document, { $ref: '#/components/schemas/Fault' }, fault)).not.toEqual([])
  })
})
