import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import { z } from 'zod'
import type { GroupsInBody, OtherGroups } from '#domain/operation.ts'
import { configFolder, type OperationRow } from './operation-rows.ts'

const groupsFile = z.strictObject({
  rules: z.array(
    z.strictObject({
      path: z.string(),
      members: z.record(z.string(), z.enum(['named', 'all', 'none'])).default({}),
      all: z.literal(true).optional(),
      listed: z.string().optional(),
    }),
  ),
  others: z.array(z.string()),
})

type GroupRule = z.infer<typeof groupsFile>['rules'][number]

export interface GroupRules {
  /** What the operation has to do with account groups beside that of `aid`; undefined for nothing. */
  of(row: Pick<OperationRow, 'method' | 'path' | 'body'>): OtherGroups | undefined
  /** Members of bodies that look as if they named account groups, and do not. */
  readonly others: readonly string[]
}

const covers = (rule: GroupRule, path: string): boolean =>
  path === rule.path || path.startsWith(`${rule.path}/`)

function groupsIn({ members }: GroupRule, body: OperationRow['body']): GroupsInBody | undefined {
  const entries = Object.entries(members)
  if (!body || entries.length === 0) return undefined
  return {
    members: new Map(entries),
    isJsonAlone: body.types.every((type) => type === 'application/json'),
  }
}

/** Rules of config/account-groups.yaml. @throws when the file is missing or says something else than it may */
export async function readGroupRules(): Promise<GroupRules> {
  const text = await readFile(new URL('account-groups.yaml', configFolder), 'utf8')
  const { rules, others } = groupsFile.parse(load(text), { jitless: true })
  return {
    others,
    of({ method, path, body }) {
      const rule = rules.find((candidate) => covers(candidate, path))
      if (!rule) return undefined
      const listed = method === 'GET' && path === rule.path ? rule.listed : undefined
      const inBody = groupsIn(rule, body)
      return rule.all || inBody || listed ? { needsAll: rule.all === true, inBody, listed } : undefined
    },
  }
}
