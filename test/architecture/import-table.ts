/** The import table: who may import what. Data alone; the rules that apply it stand in import-rules.ts. */

/** Capabilities do one thing each, behind a port. */
const capabilities = [
  'audit',
  'broker',
  'grants',
  'identity',
  'integrations',
  'limits',
  'mail',
  'metrics',
  'secrets',
  'sso',
  'store',
  'traffic',
  'upstream',
] as const

/** Surfaces speak HTTP. */
const surfaces = [
  'account',
  'authorization-server',
  'demo-provider',
  'emulator-control',
  'gateway',
  'inspector',
  'operator',
  'playground',
] as const

/** A port is the file that bears its folder's name. Some have another one beside it. */
export const ports: readonly string[] = [
  ...capabilities.map((name) => `src/${name}/${name}.ts`),
  'src/broker/account-links.ts',
  'src/broker/key-work.ts',
  'src/grants/api-tokens.ts',
  'src/identity/directory.ts',
  'src/identity/user-api-tokens.ts',
  'src/limits/upstream-budgets.ts',
  'src/store/images.ts',
  'src/upstream/people.ts',
]

export interface Row {
  /** A folder with all below it, or a glob of files directly in `src`. */
  readonly place: string
  /** Folders and files that it may import besides its own; `ports` stands for all of them. */
  readonly mayImport: readonly string[]
}

const words = ['src/domain', 'src/http', 'ports']
const adapters = [...capabilities, ...surfaces].map((name) => `src/${name}`)

/** The first row that fits a file judges it. What is not written is forbidden. */
export const table: readonly Row[] = [
  { place: 'src/domain', mayImport: [] },
  { place: 'src/http', mayImport: ['src/domain'] },
  { place: 'src/sso', mayImport: ['src/domain', 'ports', 'src/secrets/once-records.ts'] },
  { place: 'src/account', mayImport: [...words, 'src/secrets/once-records.ts'] },
  ...capabilities.map((name) => ({ place: `src/${name}`, mayImport: ['src/domain', 'ports'] })),
  {
    // Issuing is the authorization server's affair: it writes the records that the port of grants only reads.
    place: 'src/authorization-server',
    mayImport: [...words, 'src/grants/grant-record.ts', 'src/grants/token-values.ts'],
  },
  ...surfaces.map((name) => ({ place: `src/${name}`, mayImport: words })),
  {
    place: 'src/compose*.ts',
    mayImport: [
      ...words,
      ...adapters,
      'src/settings.ts',
      'src/listener.ts',
      'src/sockets.ts',
      'src/seed-people.ts',
      'src/welcome.ts',
    ],
  },
  {
    // One emulator with all that is its own, around its composition.
    place: 'src/workspace*.ts',
    mayImport: [
      ...words,
      'src/*.ts',
      'src/emulator-control/parts.ts',
      'src/metrics/no-metrics.ts',
      'src/secrets/secrets.ts',
      'src/traffic',
      'src/upstream/emulator/state.ts',
    ],
  },
  {
    place: 'src/snapshot*.ts',
    mayImport: [
      ...words,
      'src/emulator-control/parts.ts',
      'src/integrations/store-integrations.ts',
      'src/secrets/key-file.ts',
      'src/store/images.ts',
    ],
  },
  { place: 'src/gate.ts', mayImport: ['src/sockets.ts'] },
  { place: 'src/patience.ts', mayImport: ['ports'] },
  { place: 'src/noting.ts', mayImport: ['src/traffic/open-traffic.ts'] },
  { place: 'src/binding.ts', mayImport: ['src/domain', 'src/settings.ts', 'src/sockets.ts'] },
  { place: 'src/sockets.ts', mayImport: ['src/domain', 'src/certificate.ts', 'src/settings.ts'] },
  { place: 'src/listener.ts', mayImport: [] },
  { place: 'src/certificate.ts', mayImport: [] },
  { place: 'src/seed-people.ts', mayImport: [...words, 'src/upstream/emulator/seed.ts'] },
  {
    place: 'src/welcome.ts',
    mayImport: [
      ...words,
      'src/settings.ts',
      'src/certificate.ts',
      'src/upstream/emulator/seed.ts',
      'src/playground/pages.ts',
    ],
  },
  {
    place: 'src/serving*.ts',
    mayImport: [
      'src/*.ts',
      'src/domain',
      'src/metrics/open-metrics.ts',
      'src/secrets/key-file.ts',
      'src/store',
      'src/upstream/emulator/stored-state.ts',
    ],
  },
  { place: 'src/testing.ts', mayImport: ['src/*.ts', 'src/testing', 'src/domain'] },
  { place: 'src/testing', mayImport: [] },
  {
    // Settings are read in the shapes that their readers ask for.
    place: 'src/settings*.ts',
    mayImport: [
      'src/domain',
      'ports',
      'src/store/open-store.ts',
      'src/store/redis-address.ts',
      'src/authorization-server/parts.ts',
      'src/upstream/live/live-settings.ts',
    ],
  },
  {
    // The doctor reads what a start would read, by the same readers.
    place: 'src/command-line',
    mayImport: [
      ...words,
      'src/*.ts',
      'src/broker/keys-in-use.ts',
      'src/broker/local-keys.ts',
      'src/integrations/configured-integrations.ts',
      'src/secrets/key-file.ts',
      'src/store/open-store.ts',
      'src/store/redis-address.ts',
      'src/upstream/emulator/coverage.ts',
      'src/upstream/emulator/seed.ts',
      'src/upstream/live/reachable.ts',
      'src/upstream/operations.ts',
      'src/upstream/scope-rules.ts',
    ],
  },
  { place: 'src/main.ts', mayImport: [...words, 'src/*.ts', 'src/command-line'] },
  { place: 'scripts/preview-pages.ts', mayImport: ['test/browser', 'test/support'] },
  { place: 'scripts/bench.ts', mayImport: ['test/bench'] },
  { place: 'scripts', mayImport: ['src/domain', 'test/support'] },
  { place: 'test', mayImport: ['src', 'scripts'] },
]

const web = ['src/http', ...surfaces.map((name) => `src/${name}`), 'src/compose*.ts', 'src/main.ts']

/** They parse what people wrote or what a script generated, once, at the border. */
const configurationReaders = ['src/settings*.ts', 'src/integrations/configured-*.ts', 'src/upstream']

/** A foreign package, subpaths included, stays with those named. What is not written is imported nowhere. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['src/store/redis*.ts'],
  'node:sqlite': ['src/store/sqlite.ts'],
  'oidc-provider': ['src/authorization-server'],
  eta: ['src/http/page.ts'],
  jose: ['src/authorization-server', 'src/demo-provider', 'src/secrets/key-file.ts', 'src/sso/openid*.ts'],
  'openid-client': ['src/sso/openid*.ts'],
  '@node-saml/node-saml': ['src/sso/saml.ts'],
  selfsigned: ['src/certificate.ts'],
  undici: ['src/upstream/live'],
  koa: web,
  'koa-compose': ['src/authorization-server/authorization-server.ts'],
  '@koa/router': web,
  'js-yaml': [...configurationReaders, 'src/emulator-control'],
  zod: [
    ...configurationReaders,
    'src/secrets/key-file.ts',
    'src/snapshot-document.ts',
    'src/emulator-control',
  ],
  'light-my-request': ['src/http/inject.ts'],
  '@prometheus-io/client': ['src/metrics/exposition.ts'],
}
