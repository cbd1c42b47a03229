import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectMeraki, post, readsAgents, refresh } from '../steps/requests.ts'
import { startBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { type Scrape, scrape, together } from '../support/scrape.ts'
import { askedBy, type Matcher, type Selector } from './promql.ts'

const read = (path: string): string => readFileSync(`config/container/${path}`, 'utf8')

interface Target {
  readonly expr: string
  readonly legendFormat: string
  readonly datasource: { readonly uid: string }
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly targets?: readonly Target[]
  }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

interface PrometheusFile {
  readonly rule_files: readonly string[]
  readonly scrape_configs: readonly {
    readonly job_name: string
    readonly static_configs: readonly { readonly targets: readonly string[] }[]
  }[]
}

const dashboard = JSON.parse(read('grafana/dashboards/panoptes.json')) as Dashboard
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const prometheus = load(read('prometheus.yml')) as PrometheusFile
const { groups } = load(read('alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[]
}
const rules = groups.flatMap((group) => group.rules)

const questions = [
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: `panel ${title}`, expr, legendFormat })),
  ),
  ...rules.map(({ alert, expr, annotations }) => ({
    where: `alert ${alert}`,
    expr,
    legendFormat: annotations.summary.replaceAll('$labels.', ''),
  })),
]

/** Labels that Prometheus adds to whatever it scrapes. */
const ofScraping = ['instance', 'job']
/** Made by Prometheus itself for each target. */
const ofPrometheus = ['up']

/** Of a node whose Redis nobody serves: its calls are answered 503. */
async function callsWithoutStore(): Promise<Scrape['samples']> {
  const keys = mkdtempSync(join(tmpdir(), 'panoptes-keys-'))
  try {
    await using node = await startPanoptes(['--data', keys], { PANOPTES_STORE: 'redis://127.0.0.1:1' })
    expect(await readsAgents(node, 'nothing')).toBe(503)
    return (await scrape(node)).samples.filter(({ name }) => name === 'panoptes_gateway_calls_total')
  } finally {
    rmSync(keys, { recursive: true, force: true })
  }
}

let service: RunningPanoptes
let scraped: Scrape
beforeAll(async () => {
  service = await startPanoptes()
  const tokens = await connectMeraki(service, new Person())
  await readsAgents(service, tokens.access_token)
  for (const headers of [{}, { authorization: 'Bearer nothing' }])
    await (await fetch(`${service.url}/v7/agents`, { headers })).arrayBuffer()
  await refresh(service, tokens.refresh_token)
  await post(`${service.url}/v7/oauth2/token`, { grant_type: 'refresh_token' })
  await using broker = await startBroker()
  const both = together(await scrape(service), await scrape(broker))
  scraped = { ...both, samples: [...both.samples, ...(await callsWithoutStore())] }
})
afterAll(() => service.stop())

const labelsOf = (metric: string): ReadonlySet<string> =>
  new Set(scraped.samples.filter(({ name }) => name === metric).flatMap(({ labels }) => Object.keys(labels)))

/** The patterns that a matcher names, each of which has to be met by some value. */
const namedIn = ({ operator, value }: Matcher): readonly RegExp[] =>
  (operator.endsWith('~') ? value.split('|') : [value]).map((one) => new RegExp(`^(?:${one})$`))

function deadIn({ metric, matchers }: Selector): readonly string[] {
  if (ofPrometheus.includes(metric)) return []
  const own = matchers.filter(({ label }) => !ofScraping.includes(label))
  const samples = scraped.samples.filter(({ name }) => name === metric)
  const unmet = own.flatMap((matcher) =>
    namedIn(matcher)
      .filter((pattern) => !samples.some(({ labels }) => pattern.test(labels[matcher.label] ?? '\n')))
      .map((pattern) => `${metric}{${matcher.label}: ${pattern.source}}`),
  )
  return [...(samples.length > 0 ? [] : [metric]), ...unmet]
}

describe('config/container, dashboard and alerts', () => {
  test.each(questions)('$where asks for figures that are there: $expr', ({ expr, legendFormat }) => {
    const { selectors, groupings } = askedBy(expr)
    expect(selectors.flatMap(deadIn)).toEqual([])
    const labels = new Set([...ofScraping, ...selectors.flatMap(({ metric }) => [...labelsOf(metric)])])
    expect(groupings.filter((label) => !labels.has(label))).toEqual([])
    const shown = [...legendFormat.matchAll(/\{\{ ?(\w+) ?\}\}/g)].map(([, label = '']) => label)
    // What is grouped away cannot be shown.
    const kept = groupings.length > 0 ? new Set(groupings) : labels
    expect(shown.filter((label) => !kept.has(label))).toEqual([])
  })

  test.each([
    ['a metric that nobody exports', 'rate(panoptes_no_such_thing_total[5m])'],
    ['a value that a label never has', 'panoptes_refreshes_total{outcome="gone"}'],
    ['a pattern that no value has', 'panoptes_refreshes_total{outcome=~"rotated|go.+"}'],
    ['a label that the metric does not have', 'panoptes_refreshes_total{endpoint="token"}'],
  ])('would be told of %s', (_, expr) => {
    expect(askedBy(expr).selectors.flatMap(deadIn)).toHaveLength(1)
  })

  test('would be told of what is no expression', () => {
    for (const expr of ['', 'sum(', 'rate(panoptes_ready[5m]', 'sum by (x) panoptes_ready )'])
      expect(() => askedBy(expr)).toThrow()
  })

  test('show every metric of ours', () => {
    const asked = new Set(
      questions.flatMap(({ expr }) =>
        askedBy(expr).selectors.map(({ metric }) => metric.replace(/_(?:bucket|count|sum)$/, '')),
      ),
    )
    const own = [...scraped.types.keys()].filter((name) => name.startsWith('panoptes_'))
    expect(own.filter((name) => !asked.has(name))).toEqual([])
  })
})

describe('config/container/grafana', () => {
  test('has panels with numbers of their own, each with a question to the chosen source', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    expect(panels.length).toBeGreaterThan(20)
    for (const { targets = [] } of panels) {
      expect(targets.length).toBeGreaterThan(0)
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
      for (const { datasource } of targets) expect(datasource.uid).toBe('${datasource}')
    }
  })

  test('lets choose among the nodes that there are', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance'])
    expect(dashboard.templating.list[1]?.definition).toBe('label_values(panoptes_ready, instance)')
  })

  test('is provisioned: the source at the address of the service, the dashboard where the files are mounted', () => {
    const { datasources } = load(read('grafana/datasource.yml')) as {
      readonly datasources: readonly {
        readonly type: string
        readonly url: string
        readonly isDefault: boolean
      }[]
    }
    expect(datasources).toMatchObject([
      { type: 'prometheus', url: 'http://prometheus:9090', isDefault: true },
    ])
    const { providers } = load(read('grafana/dashboards.yml')) as {
      readonly providers: readonly { readonly type: string; readonly options: { readonly path: string } }[]
    }
    expect(providers).toMatchObject([{ type: 'file', options: { path: '/etc/panoptes/dashboards' } }])
  })
})

describe('config/container/prometheus.yml', () => {
  test('asks the operator listener of each node of the profile, and reads the alerts', () => {
    const [job, ...others] = prometheus.scrape_configs
    expect(others).toEqual([])
    expect(job).toMatchObject({
      job_name: 'panoptes',
      static_configs: [{ targets: ['node-1:7071', 'node-2:7071'] }],
    })
    expect(prometheus.rule_files).toEqual(['alerts.yml'])
  })

  test('has alerts that say what it is and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Panoptes[A-Z]/)
      expect(['warning', 'critical']).toContain(labels.severity)
      expect(annotations.description).toMatch(/\.$/)
    }
  })
})
