import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import { z } from 'zod'
import type { ScopeWord } from '#domain/scope.ts'
import { configFolder, type OperationRow } from './operation-rows.ts'

/** A scope word with its origin: `attested` ones appear in published sources, the others are ours (thousandeyes-facts 1.3). */
export interface KnownScopeWord extends ScopeWord {
  readonly attested: boolean
}

const scopesFile = z.strictObject({
  words: z.array(z.strictObject({ name: z.string(), attested: z.boolean(), meaning: z.string() })),
  rules: z.array(
    z.strictObject({
      path: z.string(),
      resources: z.array(z.string()).default([]),
      reads: z.boolean().default(false),
      readers: z.array(z.string()).default([]),
      only: z.array(z.string()).optional(),
    }),
  ),
})

type ScopeRule = z.infer<typeof scopesFile>['rules'][number]

export interface ScopeRules {
  readonly words: readonly KnownScopeWord[]
  /** The words of which any one opens the operation; empty when no rule speaks of it (default deny). */
  accepted(row: Pick<OperationRow, 'method' | 'path'>): readonly string[]
  /** Whether the operation changes nothing: a GET, or a POST of a rule that only reads. */
  isRead(row: Pick<OperationRow, 'method' | 'path'>): boolean
}

const covers = (rule: ScopeRule, path: string): boolean =>
  path === rule.path || path.startsWith(`${rule.path}/`)

function wordsOf(rule: ScopeRule, isRead: boolean): readonly string[] {
  if (rule.only) return rule.only
  const words = rule.resources.flatMap((resource) =>
    isRead ? [`${resource}:read`, `${resource}:manage`] : [`${resource}:manage`],
  )
  return isRead ? [...words, ...rule.readers] : words
}

/** Scope words and rules of config/scopes.yaml. @throws when the file is missing or says something else than it may */
export async function readScopeRules(): Promise<ScopeRules> {
  const { words, rules } = scopesFile.parse(
    load(await readFile(new URL('scopes.yaml', configFolder), 'utf8')),
    { jitless: true },
  )
  const ruleOf = (path: string): ScopeRule | undefined => rules.find((candidate) => covers(candidate, path))
  const reads = (rule: ScopeRule | undefined, method: OperationRow['method']): boolean =>
    method === 'GET' || rule?.reads === true
  return {
    words,
    accepted({ method, path }) {
      const rule = ruleOf(path)
      return rule ? wordsOf(rule, reads(rule, method)) : []
    },
    isRead: ({ method, path }) => reads(ruleOf(path), method),
  }
}
