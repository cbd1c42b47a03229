import type { SnapshotFacts, Workspace } from '#emulator-control/parts.ts'
import { parseSnapshot, type Snapshot, snapshotDocument } from './snapshot-document.ts'

/** More than any test suite names; beyond it the one taken first is forgotten. */
const mostSnapshots = 100

export interface SnapshotParts {
  /** What the workspace is now. */
  readonly take: () => Promise<Snapshot>
  /** Makes the workspace what it was. @returns in words why it cannot be, and then nothing has changed */
  readonly load: (snapshot: Snapshot) => Promise<string | undefined>
}

/** The named snapshots of one workspace, in memory. */
export function openSnapshots({ take, load }: SnapshotParts): Workspace['snapshots'] {
  const byName = new Map<string, Snapshot>()

  const factsOf = (name: string, { image, takenAt }: Snapshot): SnapshotFacts => ({
    name,
    records: image.length,
    takenAt,
  })

  function keep(name: string, snapshot: Snapshot): SnapshotFacts {
    byName.delete(name)
    const [oldest] = byName.size < mostSnapshots ? [] : byName.keys()
    if (oldest !== undefined) byName.delete(oldest)
    byName.set(name, snapshot)
    return factsOf(name, snapshot)
  }

  return {
    list: () => [...byName].map(([name, snapshot]) => factsOf(name, snapshot)),
    take: async (name) => keep(name, await take()),
    async load(name) {
      const snapshot = byName.get(name)
      return snapshot ? ((await load(snapshot)) ?? true) : false
    },
    read(name) {
      const snapshot = byName.get(name)
      return snapshot && snapshotDocument(snapshot)
    },
    keep(name, document) {
      const parsed = parseSnapshot(document)
      return typeof parsed === 'string' ? parsed : keep(name, parsed)
    },
    remove: (name) => byName.delete(name),
  }
}
