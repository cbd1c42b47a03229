const commands = [
  ['emulate', 'serves until Ctrl-C or SIGTERM; the default when options stand alone'],
  ['serve', 'a broker in front of ThousandEyes: --config FILE, as config/broker.example.yaml'],
  ['init', 'writes broker.yaml, or --config FILE, with fresh keys; never over a file'],
  ['doctor', 'checks machine and configuration, for emulate or, as doctor serve, a broker'],
  ['users', 'adds, lists, disables, enables and resets users of a running service'],
  ['keys', 'list, rewrap: the keys of a running broker; new: a line for its key file'],
  ['explain', 'says whether a v7 call would pass in a running service, and which rule decides'],
  ['migrate', 'carries all records from one store to an empty one, while nothing uses them'],
  ['coverage', 'lists every operation of v7: how it is emulated, and by which file; --json'],
  ['help', 'this text'],
  ['version', 'the version of this program'],
] as const

const options = [
  ['--host ADDR', 'address of the public listener [127.0.0.1]'],
  ['--port N', 'its port; 0 picks a free one [7070]'],
  ['--operator-port N', 'port of the operator listener; 0 picks a free one [7071]'],
  ['--origin URL', 'how clients reach it [follows the bound port]'],
  ['--hostname NAME', 'a further name that clients call it by; once for each name'],
  ['--data DIR', 'keeps users, tokens, keys and v7 objects there [in memory]'],
  ['--config FILE', 'a configuration of your own, with only what differs'],
  ['--json', 'one line of JSON for programs'],
  ['--bump-epoch', 'begins on an older copy: all connections, tokens and sessions end'],
  ['--seed NAME', 'what an empty store has: default, large or a file (docs/seeds.md) [default]'],
  ['--limits on|off', 'rate windows and the block after 120 answers 401 [on]'],
  ['--tls', 'HTTPS with a certificate made on the spot'],
] as const

const users = [
  ['users add', '--region us1 --email ADDR --organization ID --account-group AID --role NAME'],
  ['', '[--name NAME] [--password-stdin]; else a password is made, and told once'],
  ['', 'in a broker without --account-group and --role: ThousandEyes knows those'],
  ['users list', '[--region us1]'],
  ['users disable USER', 'sessions end, tokens open nothing until it is enabled again'],
  ['users enable USER', 'what was connected works again'],
  ['users reset USER', 'a password that the next sign-in has to change; told once'],
] as const

const keys = [
  ['keys list', 'ids, newest first, and how many tokens each wrapped'],
  ['keys rewrap', 'wraps everything by the newest, and names the keys that may go'],
  ['keys new', 'a fresh line for the key file; asks no service'],
] as const

type Rows = readonly (readonly [name: string, words: string])[]

const rows = (table: Rows): readonly string[] => table.map(([name, words]) => `  ${name.padEnd(18)} ${words}`)

const userWords = 'USER is an e-mail address, with --region where two have it, or an id'

const operatorWords = [
  'takes --operator URL [http://127.0.0.1:7071], --json, and',
  'the token of the operator listener by PANOPTES_OPERATOR_TOKEN or --operator-token.',
]

const explainWords = [
  'explain --client ID --user USER [METHOD] PATH, with --api-token NAME in place of --client',
  "[--region us1] [--aid AID] [--token-scopes 'A B'] [--connection ID] [--address IP] [--body JSON]",
  'Takes --operator, --operator-token and --json too. Exit code 0 when the call would pass, else 1.',
]

const migrateWords = [
  'migrate --from PLACE --to PLACE [--json]',
  'PLACE is sqlite:DIR as in --data, sqlite:FILE.db, redis://HOST:PORT, or what else store: may say',
  '(redis+sentinel://, redis+cluster://; rediss for TLS). Both stores stand still meanwhile.',
]

const settingsWords = (file: string): string =>
  `Each setting may also stand in a file or in PANOPTES_* variables: see config/${file}.`

const notOfServe: readonly string[] = ['--seed NAME', '--limits on|off', '--tls']

/** Nothing of a broker is in memory alone. */
const serveOptions: Rows = options
  .filter(([name]) => !notOfServe.includes(name))
  .map(([name, words]) => [
    name,
    words.replace(', keys and v7 objects there [in memory]', ' and keys there [data in the file]'),
  ])

/** What a command says of itself, below its line. */
const details: Readonly<Record<string, readonly string[]>> = {
  emulate: [...rows(options), '', settingsWords('emulator.yaml')],
  serve: [
    ...rows(serveOptions),
    '',
    settingsWords('broker.example.yaml'),
    '--config is needed; panoptes init writes a file that works.',
  ],
  init: ['  --config FILE      the file to write [broker.yaml]; the keys go beside it, as broker.keys'],
  doctor: [
    '  doctor [emulate] looks at a start of the emulator, doctor serve at one of a broker.',
    ...rows(options),
    '',
    'Exit code 1 when it found a FAIL.',
  ],
  users: [...rows(users), '', userWords, `Each ${operatorWords[0]}`, ...operatorWords.slice(1)],
  keys: [...rows(keys), '', `list and rewrap: each ${operatorWords[0]}`, ...operatorWords.slice(1)],
  explain: [...explainWords, userWords],
  coverage: [
    '  --json             the rows for programs',
    '',
    'generic    by the engine, driven by config/v7',
    'synthetic  by numbers drawn for the object and the clock',
    'bespoke    by code of its own',
    'none       answers 501',
  ],
  migrate: [...migrateWords, 'Keys are no records: copy the data directory.'],
}

/** What `panoptes help` says: every command and every option, each in one line. */
const wholeText = (): string =>
  [
    'Panoptes emulates ThousandEyes. Not affiliated with Cisco or ThousandEyes.',
    '',
    'Usage: panoptes [command] [options]',
    '',
    'Commands',
    ...rows(commands),
    '',
    'Options of emulate and doctor; serve takes all but --seed, --limits and --tls',
    ...rows(options),
    '',
    `Users of a running service; ${userWords}`,
    ...rows(users),
    `Each, and keys list and keys rewrap, ${operatorWords[0]}`,
    ...operatorWords.slice(1),
    '',
    ...explainWords,
    '',
    ...migrateWords,
    '',
    settingsWords('emulator.yaml'),
    'Exit codes: 0 when all went well, 1 when it could not, or when doctor found a FAIL.',
    'panoptes COMMAND --help is about that command alone.',
  ].join('\n')

/** @param command the one that is asked about; all of them for any other word */
export function helpText(command?: string): string {
  const words = commands.find(([name]) => name === command)?.[1]
  const detail = Object.hasOwn(details, command ?? '') ? details[command ?? ''] : undefined
  return words && detail ? [`panoptes ${command}: ${words}`, '', ...detail].join('\n') : wholeText()
}
