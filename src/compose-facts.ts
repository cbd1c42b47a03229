import type { Operation } from '#domain/operation.ts'
import { openViews, type Views } from '#http/page.ts'
import { loadV7Facts, type V7Facts } from '#upstream/emulator/emulator.ts'
import { readSeed, type Seed } from '#upstream/emulator/seed.ts'
import { readOperationRows } from '#upstream/operation-rows.ts'
import { operationsOf, readOperationRules } from '#upstream/operations.ts'
import type { KnownScopeWord } from '#upstream/scope-rules.ts'
import type { Settings } from './settings.ts'

/** What files say, read once in a process and never changed: every composition of the process shares it. */
export interface CommonFacts {
  readonly scopes: readonly KnownScopeWord[]
  readonly operations: readonly Operation[]
  readonly views: Views
}

/** What an emulator reads beside it. */
export interface Facts extends CommonFacts {
  readonly seed: Seed
  readonly v7: V7Facts
}

/** @throws with one line for a person when a file cannot be used */
export async function loadFacts(settings: Pick<Settings, 'seed'>): Promise<Facts> {
  const [rules, v7] = await Promise.all([readOperationRules(), loadV7Facts()])
  return {
    seed: await readSeed(settings.seed, v7),
    scopes: rules.scopes.words,
    operations: operationsOf(v7.model.rows, rules),
    v7,
    views: openViews(),
  }
}

/** It would rotate the credential that stands behind all of a user's connections, and hand it out (DECISIONS 8). */
const isClosed = ({ method, path }: Operation): boolean => method === 'POST' && path === '/api-tokens'

/** What a broker reads: no seed, no objects of v7. @throws when a file cannot be used */
export async function loadBrokerFacts(): Promise<CommonFacts> {
  const [rows, rules] = await Promise.all([readOperationRows(), readOperationRules()])
  return {
    scopes: rules.scopes.words,
    operations: operationsOf(rows, rules).map((operation) =>
      isClosed(operation) ? { ...operation, scopes: [] } : operation,
    ),
    views: openViews(),
  }
}
