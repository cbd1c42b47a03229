import { existsSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'

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

const copied = argumentsOf('COPY').flatMap((rest) => rest.split(' ').slice(0, -1))

interface Service {
  readonly image?: string
  readonly build?: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck: { readonly test: readonly string[] }
}

const compose = load(read('docker-compose.yml')) as {
  readonly services: Readonly<Record<'panoptes' | 'valkey', Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const { panoptes, valkey } = compose.services

describe('Dockerfile', () => {
  test('runs the Node that package.json pins', () => {
    expect(argumentsOf('FROM')).toEqual([`node:${devDependencies['node']}-slim`])
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
      'npm ci --omit=dev --ignore-scripts && npm cache clean --force',
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
    expect(argumentsOf('ENTRYPOINT')).toEqual(['["node", "src/main.ts"]'])
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
    expect(Object.keys(compose.volumes)).toEqual(['keys', 'records'])
    expect(argumentsOf('VOLUME')).toEqual(['/data'])
  })

  test('asks both for their health', () => {
    expect(panoptes.healthcheck.test.at(-1)).toContain('http://127.0.0.1:7071/health/ready')
    expect(() => new Function(panoptes.healthcheck.test.at(-1) ?? '')).not.toThrow()
    expect(valkey.healthcheck.test).toEqual(['CMD', 'valkey-cli', 'ping'])
  })
})
