/** config/v7/rules.yaml as it is read: what its head says, entry by entry. */
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { z } from 'zod'
import { configFolder } from '#upstream/operation-rows.ts'
import { type Judge, judgesOf, keeperOf, type RuleEntry } from './judgements.ts'
import { textForms } from './text-forms.ts'

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const condition = z.record(z.string(), z.array(scalar).min(1))

const entryForm = z.strictObject({
  id: z.string(),
  schemas: z.array(z.string()).min(1),
  field: z.string(),
  when: condition.optional(),
  unless: condition.optional(),
  anyCase: z.literal(true).optional(),
  atMost: z.string().optional(),
  moreThan: z.string().optional(),
  divides: z.string().optional(),
  without: z.string().optional(),
  atLeast: z.number().optional(),
  within: z.tuple([z.number(), z.number()]).optional(),
  oneOf: z.array(scalar).min(1).optional(),
  noneOf: z.array(scalar).min(1).optional(),
  required: z.literal(true).optional(),
  onlyWhen: condition.optional(),
  distinct: z.union([z.literal(true), z.string()]).optional(),
  mostElements: z.number().optional(),
  form: z.enum(Object.keys(textForms)).optional(),
})

const fileForm = z.strictObject({ rules: z.array(entryForm) })

/** A rule on one field, as it is judged. */
export type Rule = Pick<RuleEntry, 'id' | 'schemas' | 'field' | 'when' | 'unless'> & {
  readonly judge: Judge
  readonly keeper: ReturnType<typeof keeperOf>
}

function ruleOf(entry: RuleEntry): Rule {
  const [judge, ...others] = judgesOf(entry)
  if (!judge || others.length > 0) throw new Error(`rules.yaml: "${entry.id}" must have one judgement`)
  const { id, schemas, field, when, unless } = entry
  return { id, schemas, field, when, unless, judge, keeper: keeperOf(entry) }
}

/** @throws when the file is missing or says something else than it may */
export function readRules(): readonly Rule[] {
  const text = readFileSync(new URL('v7/rules.yaml', configFolder), 'utf8')
  return fileForm.parse(load(text), { jitless: true }).rules.map(ruleOf)
}
