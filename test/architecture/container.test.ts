import { existsSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'

// There is no container engine where these tests run: the files are parsed and held against the repository, not executed.

const read = (path: string): string => readFileSync(path, 'utf8')

const { devDependencies, engines } = JSON.parse(read('package.json')) as {
  readonly devDependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}

/** Instructions with their continued lines joined, comments dropped. */
const instructions = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }))

const argumentsOf = (name: string): readonly string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ rest }) => rest)

/** Of the repository, not of the stage before. */
const copied = argumentsOf('COPY')
  .filter((rest) => !rest.startsWith('--from='))
  .flatMap((rest) => rest.split(' ').slice(0, -1))

interface Service {
  readonly image?: string
  readonly build?: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly profiles?: readonly string[]
  readonly secrets?: readonly string[]
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address: string }>>
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly volumes: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck: { readonly test: readonly string[] }
}

interface Compose {
  readonly services: Readonly<
    Record<
      'panoptes' | 'valkey' | 'valkey-replica' | 'node-1' | 'node-2' | 'balancer' | 'prometheus' | 'grafana',
      Service
    >
  >
  readonly networks: {
    readonly cluster: { readonly ipam: { readonly config: readonly { subnet: string }[] } }
  }
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

/** Merge keys (YAML 1.1), which Compose reads and our parser leaves alone. */
const merged = (service: Service & { readonly '<<'?: Service }): Service => {
  const { '<<': shared, ...own } = service
  return { ...shared, ...own }
}

const parsed = load(read('docker-compose.yml')) as Compose
const compose: Compose = {
  ...parsed,
  services: Object.fromEntries(
    Object.entries(parsed.services).map(([name, service]) => [name, merged(service)]),
  ) as unknown as Compose['services'],
}
const { panoptes, valkey } = compose.services

describe('Dockerfile', () => {
  test('runs the Node that package.json pins', () => {
    const image = `node:${devDependencies['node']}-slim`
    expect(argumentsOf('FROM')).toEqual([`${image} AS packages`, image])
    expect(engines.node).toBe('>=24')
  })

  test.each(copied)('copies %s, which exists and is not ignored', (path) => {
    expect(existsSync(path)).toBe(true)
    const [everything, ...kept] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(everything).toBe('*')
    expect(kept.some((line) => line.startsWith('!') && matchesGlob(path, line.slice(1)))).toBe(true)
  })

  test('installs packages without scripts, which would run files that are copied later', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> }
    expect(scripts['prepare']).toBeDefined()
    expect(argumentsOf('RUN').filter((command) => command.startsWith('npm ci'))).toEqual([
      'npm ci --omit=dev --ignore-scripts',
    ])
  })

  test('copies all that the program reads and runs', () => {
    expect(copied).toEqual(
      expect.arrayContaining([
        'package.json',
        'package-lock.json',
        '.npmrc',
        'bin',
        'config',
        'views',
        'src',
      ]),
    )
  })

  test('starts the main file as a user without rights, after everything is in place', () => {
    expect(argumentsOf('ENTRYPOINT')).toEqual(['["node", "--max-semi-space-size=16", "src/main.ts"]'])
    expect(read('bin/panoptes.js')).toContain("const flags = ['--max-semi-space-size=16']")
    expect(existsSync('src/main.ts')).toBe(true)
    const names = instructions.map(({ name }) => name)
    expect(argumentsOf('USER')).toEqual(['node'])
    expect(names.lastIndexOf('USER')).toBeGreaterThan(
      Math.max(names.lastIndexOf('COPY'), names.lastIndexOf('RUN')),
    )
  })

  test('asks the operator listener whether it lives, by a script that parses', () => {
    const [healthcheck = ''] = argumentsOf('HEALTHCHECK')
    const command = JSON.parse(healthcheck.slice(healthcheck.indexOf('['))) as readonly string[]
    expect(command.slice(0, 2)).toEqual(['node', '-e'])
    expect(command[2]).toContain('http://127.0.0.1:7071/health/live')
    expect(() => new Function(command[2] ?? '')).not.toThrow()
  })

  test('ends by the signal that drains', () => {
    expect(argumentsOf('STOPSIGNAL')).toEqual(['SIGTERM'])
  })
})

describe('docker-compose.yml', () => {
  test('starts the emulator on Valkey once Valkey answers', () => {
    expect(panoptes.build).toBe('.')
    expect(panoptes.environment).toMatchObject({ PANOPTES_STORE: 'redis://valkey:6379' })
    expect(panoptes.depends_on).toEqual({ valkey: { condition: 'service_healthy' } })
    expect(panoptes.command).toEqual(JSON.parse(argumentsOf('CMD')[0] ?? ''))
  })

  test('shows the operator listener to this machine alone', () => {
    expect(panoptes.ports).toEqual(['7070:7070', '127.0.0.1:7071:7071'])
    expect(panoptes.environment).toMatchObject({ PANOPTES_OPERATOR_HOST: '0.0.0.0' })
  })

  test('keeps what Valkey acknowledged', () => {
    expect(valkey.image).toMatch(/^valkey\/valkey:\d+\.\d+-alpine$/)
    expect(valkey.command.join(' ')).toBe(
      'valkey-server --appendonly yes --appendfsync always --maxmemory-policy noeviction',
    )
  })

  test('names volumes that it declares, at the folders where the data is', () => {
    expect([...panoptes.volumes, ...valkey.volumes]).toEqual(['keys:/data', 'records:/data'])
    expect(compose.services['valkey-replica'].volumes).toEqual(['replica-records:/data'])
    expect(Object.keys(compose.volumes)).toEqual(['keys', 'records', 'replica-records', 'figures'])
    expect(argumentsOf('VOLUME')).toEqual(['/data'])
  })

  test('asks both for their health', () => {
    expect(panoptes.healthcheck.test.at(-1)).toContain('http://127.0.0.1:7071/health/ready')
    expect(() => new Function(panoptes.healthcheck.test.at(-1) ?? '')).not.toThrow()
    expect(valkey.healthcheck.test).toEqual(['CMD', 'valkey-cli', 'ping'])
  })
})

describe('programs that others can reach', () => {
  const { panoptes: one, 'node-1': first, 'node-2': second, prometheus, grafana } = compose.services
  test.each(Object.entries({ one, first, second, prometheus, grafana }))(
    '%s runs on a file system that it cannot write, without rights to get more',
    (_, service) => {
      expect(service.read_only).toBe(true)
      expect(service.cap_drop).toEqual(['ALL'])
      expect(service.security_opt).toEqual(['no-new-privileges:true'])
    },
  )
})

describe('the profile cluster', () => {
  const { balancer, prometheus, grafana, ...others } = compose.services
  const nodes = [others['node-1'], others['node-2']] as const
  const haproxy = read('config/container/haproxy.cfg')
  const healthy = { condition: 'service_healthy' }
  const settings = readSettings(['--config', 'config/container/nodes.yaml'], {})

  test('is started only when it is named', () => {
    const always = Object.entries(compose.services).filter(([, { profiles }]) => profiles === undefined)
    expect(always.map(([name]) => name)).toEqual(['panoptes', 'valkey'])
    expect(Object.values(compose.services).flatMap(({ profiles = [] }) => profiles)).toEqual(
      Array.from({ length: 6 }, () => 'cluster'),
    )
  })

  test('has the balancer bring all the others, each once what it needs is healthy', () => {
    expect(balancer.depends_on).toEqual({ 'node-1': healthy, 'node-2': healthy })
    expect(nodes[0].depends_on).toEqual({ valkey: healthy, 'valkey-replica': healthy })
    // The first node alone makes the keys and writes the seed.
    expect(nodes[1].depends_on).toEqual({ 'node-1': healthy })
  })

  test('has nodes that differ in their operator ports alone, which this machine alone sees', () => {
    const [one, other] = nodes.map(({ ports: _, depends_on: __, ...rest }) => rest)
    expect(one).toEqual(other)
    expect(nodes.map(({ ports }) => ports)).toEqual([['127.0.0.1:7081:7071'], ['127.0.0.1:7082:7071']])
    expect(nodes[0].healthcheck).toEqual(panoptes.healthcheck)
    expect(nodes[0].volumes).toEqual([
      'keys:/data',
      './config/container/nodes.yaml:/etc/panoptes/nodes.yaml:ro',
    ])
    expect(nodes[0].command).toEqual([...panoptes.command, '--config', '/etc/panoptes/nodes.yaml'])
  })

  test('keeps a replica that evicts nothing and writes what it hears', () => {
    const replica = others['valkey-replica']
    expect(replica.image).toBe(valkey.image)
    expect(replica.command.join(' ')).toBe(
      'valkey-server --replicaof valkey 6379 --appendonly yes --maxmemory-policy noeviction',
    )
  })

  test('lets the nodes believe the balancer, and nobody else, about who is calling', () => {
    const { ipv4_address: address } = (
      balancer.networks as Readonly<Record<string, { readonly ipv4_address: string }>>
    )['cluster'] ?? { ipv4_address: '' }
    expect(settings.trustedProxies).toEqual([address])
    const subnet = compose.networks.cluster.ipam.config[0]?.subnet ?? ''
    expect(subnet.endsWith('/24') && address.startsWith(subnet.slice(0, subnet.lastIndexOf('.') + 1))).toBe(
      true,
    )
    for (const { networks } of nodes) expect(networks).toContain('cluster')
    expect(haproxy).toMatch(/http-request del-header X-Forwarded-For\n[\s\S]*option forwardfor\n/)
  })

  test('has the balancer end TLS at the origin of the nodes', () => {
    expect(settings.origin?.origin).toBe('https://localhost:8443')
    expect(balancer.ports).toEqual(['8443:8443'])
    expect(balancer.secrets).toEqual(Object.keys(compose.secrets))
    expect(haproxy).toContain('bind :8443 ssl crt /run/secrets/certificate ')
    expect(balancer.volumes).toEqual(['./config/container/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro'])
  })

  test('has the balancer ask each node for its readiness, often enough to hear of a stop in time', () => {
    const servers = [...haproxy.matchAll(/^ {2}server (\S+) (\S+)$/gm)].map(([, name, at]) => [name, at])
    expect(servers).toEqual(
      Object.keys(others)
        .filter((name) => name.startsWith('node-'))
        .map((name) => [name, `${name}:7070`]),
    )
    expect(haproxy).toContain('http-check send meth GET uri /health/ready')
    const [, port, interval, fall] = /check port (\d+) inter (\d+)ms fall (\d+)/.exec(haproxy) ?? []
    expect(port).toBe('7071')
    expect(Number(interval) * (Number(fall) + 1)).toBeLessThan(settings.drainNotice * 1_000)
    // The ten seconds that what is under way has come on top (src/command-line/emulate.ts).
    for (const { stop_grace_period: grace = '' } of nodes)
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(settings.drainNotice + 10)
  })

  test('has Prometheus ask the nodes, with the files that are parsed elsewhere, and Grafana show it to this machine', () => {
    expect(prometheus.image).toMatch(/^prom\/prometheus:v\d+\.\d+\.\d+$/)
    expect(grafana.image).toMatch(/^grafana\/grafana:\d+\.\d+\.\d+$/)
    expect(prometheus.depends_on).toEqual({ 'node-1': healthy, 'node-2': healthy })
    expect(grafana.depends_on).toEqual({ prometheus: healthy })
    expect([...(prometheus.ports ?? []), ...(grafana.ports ?? [])]).toEqual([
      '127.0.0.1:9090:9090',
      '127.0.0.1:3000:3000',
    ])
    const mounted = [...prometheus.volumes, ...grafana.volumes].map((volume) => volume.split(':'))
    const files = mounted.filter(([from = '']) => from.startsWith('./'))
    expect(files.length).toBe(5)
    for (const [from = '', , mode] of files) {
      expect(existsSync(from)).toBe(true)
      expect(mode).toBe('ro')
    }
    // Rules are named beside the configuration; the dashboard is where its provider and the first page look for it.
    const places = files.map(([, to]) => to)
    expect(places).toEqual(
      expect.arrayContaining([
        '/etc/prometheus/prometheus.yml',
        '/etc/prometheus/alerts.yml',
        '/etc/panoptes/dashboards',
      ]),
    )
    expect(grafana.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/etc/panoptes/dashboards/panoptes.json',
    })
  })

  test('sends again only what reached no node', () => {
    expect(haproxy).toMatch(/^ {2}retry-on conn-failure$/m)
    expect(haproxy).toMatch(/^ {2}option http-server-close$/m)
  })
})
