import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectMeraki, post, readsAgents } from '../steps/requests.ts'
import { startBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { type Scrape, scrape, together } from '../support/scrape.ts'

const [, section = ''] = readFileSync('docs/metrics.md', 'utf8').split('## What there is\n')
const [table = ''] = section.split('\n## ')

const namesIn = (cell: string): readonly string[] =>
  [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)

/** Labels by metric, as the guide tells. */
const documented = new Map(
  table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|'))
    .map(([, name = '', labels = '']) => [namesIn(name)[0] ?? '', namesIn(labels).toSorted()] as const),
)

let service: RunningPanoptes
let scraped: Scrape
beforeAll(async () => {
  service = await startPanoptes()
  const { access_token: token } = await connectMeraki(service, new Person())
  await readsAgents(service, token)
  await readsAgents(service, 'nothing')
  await post(`${service.url}/v7/oauth2/token`, { grant_type: 'refresh_token' })
  await using broker = await startBroker()
  scraped = together(await scrape(service), await scrape(broker))
})
afterAll(() => service.stop())

const labelsOf = (metric: string): readonly string[] => {
  const samples = scraped.samples.filter(({ name }) => name.replace(/_(?:bucket|count|sum)$/, '') === metric)
  return [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))]
    .filter((label) => label !== 'le')
    .toSorted()
}

test('docs/metrics.md has every metric of ours with its labels, and no other', () => {
  const own = [...scraped.types.keys()].filter((name) => name.startsWith('panoptes_'))
  expect(Object.fromEntries(documented)).toEqual(
    Object.fromEntries(own.map((name) => [name, labelsOf(name)])),
  )
})
