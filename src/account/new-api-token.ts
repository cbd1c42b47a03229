import type { Context } from 'koa'
import { isRefusal } from '#domain/refusal.ts'
import { answerTooManyAttempts } from '#http/error-page.ts'
import { limitsInWords } from '#http/limits-in-words.ts'
import { type ApiTokenChoosing, apiTokenChoosing } from './api-token-choosing.ts'
import {
  type ApiTokenChoices,
  type ApiTokenFields,
  type ApiTokenProblem,
  problemsOf,
  readFields,
} from './api-token-form.ts'
import { type NewApiTokenPage, newApiTokenPage } from './api-tokens-page.ts'
import { type AccountParts, type Frame, type SentForm, type SignedIn, seeOther } from './section.ts'
import type { ShownOnce } from './shown-once.ts'
import { codeSeconds, tokenCodes } from './token-code.ts'

export interface NewApiToken {
  readonly path: string
  page(ctx: Context, who: SignedIn): Promise<string>
  submit(ctx: Context, sent: SentForm): Promise<void>
}

/** What the form shows, and with which status where it answers another one. */
interface FormState {
  readonly choices: ApiTokenChoices
  readonly fields: ApiTokenFields
  readonly problems: readonly ApiTokenProblem[]
  readonly code: NewApiTokenPage['code']
}

interface MakingParts {
  readonly parts: AccountParts
  readonly choosing: ApiTokenChoosing
  /** The tab, on which a new token is shown once. */
  readonly tab: string
  readonly once: ShownOnce
  /** Answers with the form again. */
  readonly again: (ctx: Context, sent: SentForm, state: FormState & { readonly status: number }) => void
}

/** What follows a form with nothing wrong in it: a code that is mailed first, where the settings say so, and the token. */
function making({ parts, choosing, tab, once, again }: MakingParts) {
  const { apiTokens, addressOf } = parts
  const codes = tokenCodes(parts, 'API token')

  async function generate(ctx: Context, sent: SentForm, state: FormState): Promise<void> {
    const { user, session } = sent
    const asking = { user, sessionUid: session.uid, address: addressOf(ctx.req) }
    const made = await apiTokens.generate(choosing.wantedOf(state.fields), asking)
    if (isRefusal(made)) {
      const problems = [{ field: 'name', text: made.description }] as const
      return again(ctx, sent, { ...state, problems, status: 409 })
    }
    await once.keep(session.uid, made.token)
    seeOther(ctx, tab)
  }

  async function sendCode(ctx: Context, sent: SentForm, state: FormState): Promise<void> {
    const retryAfterSeconds = await codes.send(sent)
    if (retryAfterSeconds > 0) return answerTooManyAttempts(ctx, parts.views, retryAfterSeconds)
    // No redirect: what was chosen stands in the form alone.
    again(ctx, sent, { ...state, code: 'asked-for', status: 200 })
  }

  async function checkCode(ctx: Context, sent: SentForm, state: FormState): Promise<void> {
    const code = (sent.form.get('code') ?? '').replace(/\s/g, '')
    const refuse = (status: number, text: string, next: FormState['code'] = 'asked-for'): void =>
      again(ctx, sent, { ...state, code: next, status, problems: [{ field: 'code', text }] })
    if (code === '') return refuse(400, 'Enter the code from the message.')
    const verdict = await codes.check(sent, code)
    switch (verdict.kind) {
      case 'right':
        return generate(ctx, sent, state)
      case 'wrong':
        return refuse(403, 'That is not the code. Look at the newest message.')
      case 'void':
        return refuse(403, 'The code is used up or too old. Choose Generate to get a new one.', 'sent-first')
      case 'too-many':
        return answerTooManyAttempts(ctx, parts.views, verdict.retryAfterSeconds)
      default:
        return verdict satisfies never
    }
  }

  return (ctx: Context, sent: SentForm, state: FormState): Promise<void> => {
    if (parts.tokenConfirmation !== 'email') return generate(ctx, sent, state)
    return sent.form.has('code') ? checkCode(ctx, sent, state) : sendCode(ctx, sent, state)
  }
}

/** The form for a scoped API token, and what becomes of it. */
export function newApiToken(
  parts: AccountParts,
  frame: Frame,
  { tab, once }: { readonly tab: string; readonly once: ShownOnce },
): NewApiToken {
  const path = `${tab}/new`
  const choosing = apiTokenChoosing(parts)
  const code = parts.tokenConfirmation === 'email' ? 'sent-first' : 'none'
  const limits = limitsInWords(parts.operations)(parts.integrations.apiTokens?.integration.limits)

  const pageOf = (who: SignedIn, state: FormState): string =>
    newApiTokenPage(parts.views, {
      ...state,
      ...{ frame: frame.around(who, tab), action: path, cancelHref: tab, limits, codeSeconds },
    })

  const again: MakingParts['again'] = (ctx, sent, { status, ...state }) => {
    ctx.status = status
    ctx.type = 'html'
    ctx.body = pageOf(sent, state)
  }

  const make = making({ parts, choosing, tab, once, again })

  return {
    path,

    async page(_, who) {
      const choices = await choosing.choicesOf(who.user)
      return pageOf(who, { choices, fields: choosing.firstFields(choices), problems: [], code })
    },

    async submit(ctx, sent) {
      const choices = await choosing.choicesOf(sent.user)
      const fields = readFields(sent.form, choices)
      const problems = problemsOf(sent.form, fields, choices)
      const state = { choices, fields, problems, code } as const
      return problems.length > 0 ? again(ctx, sent, { ...state, status: 400 }) : make(ctx, sent, state)
    },
  }
}
