/**
 * The two forms that link an account at ThousandEyes: the token, then its account groups. Here because the authorization server and
 * the account page both ask for it. A token goes in, and no page ever shows one.
 */
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { LinkProblem } from '#domain/link-problem.ts'
import { durationInWords } from './time-in-words.ts'

/** Both post `csrf` and `choice` to `action`. */
interface LinkFormPlace {
  readonly action: string
  readonly csrf: string
  readonly problem: LinkProblem | undefined
  /** For `too-many`. */
  readonly retryAfterSeconds?: number | undefined
}

/** `choice` is `check`, with `user-api-token`, or `cancel`. */
export interface TokenForm extends LinkFormPlace {
  readonly email: string
}

/** `choice` is `link`, with a field for each account group, or `check-all`, `check-none`, `another` and `cancel`. */
export interface GroupsForm extends LinkFormPlace {
  readonly fingerprint: string
  readonly reach: readonly AccountGroup[]
  readonly chosen: readonly AccountGroupId[]
}

/** The buttons of both; the key Enter in a box presses the first, which decides nothing. */
export const linkChoices = [
  'look-again',
  'check',
  'link',
  'check-all',
  'check-none',
  'another',
  'cancel',
] as const
export type LinkChoice = (typeof linkChoices)[number]

const prefix = 'aid-'
const manyGroups = 6

/** @returns the account groups of a list whose boxes are checked in a form */
export const checkedGroups = (
  reach: readonly AccountGroup[],
  form: ReadonlyMap<string, string>,
): readonly AccountGroupId[] => reach.map(({ aid }) => aid).filter((aid) => form.has(`${prefix}${aid}`))

/** @returns those that stand checked at first: those of the link before, or the only one there is */
export function firstChosen(
  reach: readonly AccountGroup[],
  before: readonly AccountGroupId[] = [],
): readonly AccountGroupId[] {
  const all = reach.map(({ aid }) => aid)
  return all.length === 1 ? all : all.filter((aid) => before.includes(aid))
}

const words: Readonly<Record<LinkProblem, string>> = {
  'token-malformed':
    'That is not a User API Token. One has 32 digits and letters from a to f, with four hyphens between them.',
  'token-rejected':
    'ThousandEyes does not take this token. Copy it again, or generate another one on your profile page there.',
  'token-of-another':
    'This token belongs to another user than the one who is signed in here. Paste one of your own.',
  'token-without-reach': 'This token reaches no account group. Ask an administrator of your organization.',
  'upstream-away': 'ThousandEyes cannot be asked right now. Try again in a few minutes.',
  'too-many': 'Too many tokens were tried. Try again later.',
  'keys-out-of-order':
    'Tokens cannot be kept right now. Tell whoever runs this server; its readiness says what is wrong.',
  'choice-expired': 'The token is no longer at hand. Paste it again.',
  'none-chosen': 'Choose at least one account group.',
}

const ofToken: ReadonlySet<LinkProblem> = new Set<LinkProblem>([
  'token-malformed',
  'token-rejected',
  'token-of-another',
  'token-without-reach',
  'choice-expired',
])

/** What is wrong, with the id of the field that mends it. */
function problemInWords({ problem, retryAfterSeconds }: LinkFormPlace): object | undefined {
  if (problem === undefined) return undefined
  const wait =
    problem === 'too-many' && retryAfterSeconds !== undefined
      ? ` You may in ${durationInWords(retryAfterSeconds)}.`
      : ''
  const isOfToken = ofToken.has(problem)
  const field = isOfToken ? 'user-api-token' : undefined
  return {
    text: `${words[problem]}${wait}`,
    field: problem === 'none-chosen' ? 'link-groups' : field,
    isOfToken,
  }
}

/** The status of an answer that shows the form again. */
export function linkStatus(problem: LinkProblem | undefined): number {
  if (problem === undefined) return 200
  if (problem === 'too-many') return 429
  return problem === 'upstream-away' || problem === 'keys-out-of-order' ? 503 : 400
}

/** Field User API Token, buttons Check token and Cancel. */
export const tokenForm = (form: TokenForm): object => ({
  ...{ action: form.action, csrf: form.csrf, email: form.email },
  problem: problemInWords(form),
})

/** A box for each account group, buttons Link account, Use another token and Cancel. */
export const groupsForm = (form: GroupsForm): object => ({
  ...{ action: form.action, csrf: form.csrf, fingerprint: form.fingerprint },
  groups: form.reach.map(({ aid, name, isLogin }) => ({
    ...{ aid, name, isLogin, field: `${prefix}${aid}` },
    isChosen: form.chosen.includes(aid),
  })),
  isLong: form.reach.length > manyGroups,
  problem: problemInWords(form),
})
