import { describe, expect, test } from 'vitest'
import { loadOperations } from '#upstream/operations.ts'
import { readScopeRules } from '#upstream/scope-rules.ts'

const operations = await loadOperations()
const documented = operations.slice(0, 323)

const countBy = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

describe('operations of v7', () => {
  test('are those of the official document, and six that the Splunk app calls beside them', () => {
    expect(documented.some(({ path }) => path.startsWith('/stream/') || path.startsWith('/ingest'))).toBe(
      false,
    )
    expect(operations.slice(323).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /stream',
      'POST /stream',
      'GET /stream/{id}',
      'PUT /stream/{id}',
      'DELETE /stream/{id}',
      'POST /ingest/events/itsi',
    ])
  })

  test('have an id each, and a method and path each', () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(329)
    expect(new Set(operations.map(({ method, path }) => `${method} ${path}`)).size).toBe(329)
  })

  test('take aid, but for the 15 that the document leaves it out of', () => {
    expect(documented.filter(({ takesAccountGroup }) => !takesAccountGroup)).toHaveLength(15)
  })

  test('draw from the three further rate windows as the document and its notes say', () => {
    expect(countBy(operations.map(({ bucket }) => bucket ?? 'none'))).toEqual({
      'instant-test': 13,
      'template-deploy': 1,
      'dashboard-snapshot': 1,
      none: 314,
    })
  })
})

describe('scopes of operations', () => {
  test('open every operation', () => {
    expect(operations.filter(({ scopes }) => scopes.length === 0)).toEqual([])
  })

  test('are as many per word as the inferred mapping has', () => {
    expect(countBy(documented.map(({ scopes }) => scopes[0] ?? ''))).toEqual({
      'tests:read': 50,
      'tests:manage': 56,
      'endpoint-tests:read': 26,
      'endpoint-tests:manage': 12,
      'endpoint-agents:read': 8,
      'endpoint-agents:manage': 9,
      'agents:read': 6,
      'agents:manage': 7,
      'alerts:read': 8,
      'alerts:manage': 6,
      'templates:read': 3,
      'templates:manage': 4,
      'templates:deploy': 1,
      'streams:read': 2,
      'streams:manage': 3,
      'tags:read': 2,
      'tags:manage': 8,
      'integrations:read': 14,
      'integrations:manage': 19,
      'organization:read': 15,
      'organization:manage': 16,
      'tokens:manage': 1,
      'dashboards:read': 10,
      'dashboards:manage': 9,
      'emulation:read': 2,
      'emulation:manage': 1,
      'bgp-monitors:read': 1,
      'autonomous-systems:read': 1,
      'internet-insights:read': 5,
      'cloud-insights:read': 8,
      'cloud-insights:manage': 10,
    })
  })

  test('are words that have a meaning for the confirm page', async () => {
    const { words } = await readScopeRules()
    const known = new Set(words.map(({ name }) => name))
    const asked = new Set(operations.flatMap(({ scopes }) => scopes))
    expect([...asked].filter((word) => !known.has(word))).toEqual([])
    expect([...known]).toEqual(expect.arrayContaining(['openid', 'email', 'offline_access']))
  })

  test('open a deployment by templates:deploy alone, which also reads templates', () => {
    const scopesOf = (id: string) => operations.find((operation) => operation.id === id)?.scopes
    const deploy = operations.find(({ path }) => path === '/templates/{id}/deploy')
    expect(deploy?.scopes).toEqual(['templates:deploy'])
    expect(scopesOf('getTemplates')).toContain('templates:deploy')
  })
})
