/** Two organizations in one region, and the second of them alone in it: what it is answered must be the same. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'

interface Organization {
  readonly id: string
  readonly region: string
  readonly users: readonly object[]
}

interface SeedFile {
  readonly organizations: readonly Organization[]
  readonly objects: Readonly<Record<string, Readonly<Record<string, readonly object[]>>>>
}

/** Of the Organization Admin of the other organization. */
export const otherToken = '0b5e9a34-7f1c-4d2b-9a60-5c3d7e8f1a21'

const given = load(readFileSync('config/seeds/default.yaml', 'utf8')) as SeedFile

function moved(organization: Organization): Organization {
  const [admin, ...others] = organization.users
  const users = [{ ...admin, userApiToken: otherToken }, ...others]
  return { ...organization, region: 'us1', users }
}

const organizations = given.organizations.map((one) => (one.id === '210' ? moved(one) : one))

const seeds: Readonly<Record<'shared' | 'alone', SeedFile>> = {
  shared: { ...given, organizations },
  alone: {
    ...given,
    organizations: organizations.filter(({ id }) => id !== '110'),
    objects: Object.fromEntries(Object.entries(given.objects).filter(([aid]) => !aid.startsWith('11'))),
  },
}

/** Runs a workspace's start with the file of a seed: of both in us1, or of the second without the first. */
export async function withSeed<T>(name: keyof typeof seeds, start: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'seed-'))
  try {
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, dump(seeds[name]))
    return await start(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
