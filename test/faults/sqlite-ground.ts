/** What a scenario on SQLite stands on, and what is found there afterwards, read past the program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished } from 'vitest'
import { type AuditEvent, brokenInvariants, type Evidence } from './judge/invariants.ts'

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-faults-'))
  // A database that was killed a moment ago may still be let go of.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  return folder
}

/** The replay window is longer than any machine takes to start again, so that a retry is never late by the machine's fault. */
const spans = 'refreshReplayWindow: 5m'

const configurationIn = (folder: string): string => join(folder, 'faults.yaml')

/** @param more lines of YAML for the configuration @returns options of a node */
export function faultOptions(folder: string, more: readonly string[] = []): readonly string[] {
  const config = configurationIn(folder)
  writeFileSync(config, [...more, 'spans:', `  ${spans}`, ''].join('\n'))
  return ['--limits', 'off', '--config', config]
}

export interface SqliteGround {
  readonly data: string
  readonly database: string
  /** The file of settings that the options name. */
  readonly configuration: string
  readonly options: readonly string[]
}

/** @param folder where the data directory is to be */
export function sqliteGround(folder: string = freshFolder(), more: readonly string[] = []): SqliteGround {
  const data = join(folder, 'data')
  return {
    data,
    database: join(data, 'panoptes.db'),
    configuration: configurationIn(folder),
    options: [...faultOptions(folder, more), '--data', data],
  }
}

export interface Found {
  /** `ok`, or what is wrong with the file. */
  readonly integrity: string
  readonly audit: readonly AuditEvent[]
}

/** Reads the file that a process has left. */
export function readDatabase(path: string): Found {
  const database = new DatabaseSync(path)
  try {
    const { integrity_check: integrity } = database.prepare('PRAGMA integrity_check').get() as {
      integrity_check: string
    }
    const rows = database
      .prepare(
        "SELECT value FROM record JOIN record_index ON record_index.key = record.key WHERE name = 'audit' ORDER BY record.key",
      )
      .all() as { value: string }[]
    return { integrity, audit: rows.map(({ value }) => JSON.parse(value) as AuditEvent) }
  } finally {
    database.close()
  }
}

/** What a scenario ends with: the file that the process has left is whole, and nothing was told that is not so. */
export function expectSound(database: string, evidence: Omit<Evidence, 'audit'>): void {
  const { integrity, audit } = readDatabase(database)
  expect(integrity).toBe('ok')
  expect(brokenInvariants({ ...evidence, audit })).toEqual([])
}
