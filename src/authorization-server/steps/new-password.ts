import { passwordProblem } from '#domain/password-rules.ts'
import { needsNewPassword, type User, type UserId } from '#domain/user.ts'
import { type NewPasswordProblem, newPasswordPage } from '#http/new-password-page.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import type { SignInPlace } from './sign-in.ts'

/** That the right password was given, where and until when. Only we can make one, and it opens at the place alone. */
interface Proof {
  readonly user: UserId
  /** Another password, or an end of all sessions, makes it worthless. */
  readonly generation: number
  readonly expiresAt: number
  readonly nonce: string
}

export type NewPasswordOutcome =
  | { readonly kind: 'page'; readonly status: number; readonly html: string }
  | { readonly kind: 'changed'; readonly user: User }
  /** The proof is spent, too old, another place's or nobody's: sign-in begins anew. */
  | { readonly kind: 'void' }

/** Between the right password and the sign-in of a user who has to choose another one first (thousandeyes-facts 4). */
export interface NewPasswordStep {
  /** The page, with a proof of what was just shown. @param form MAC of the place */
  show(place: SignInPlace, user: User): string
  submit(place: SignInPlace, form: ReadonlyMap<string, string>): Promise<NewPasswordOutcome>
}

const generationOf = ({ sessionGeneration }: User): number => sessionGeneration ?? 0

export function newPasswordStep(parts: AuthorizationServerParts): NewPasswordStep {
  const { views, secrets, identity, directory, store, clock, randomBytes, spans } = parts
  const context = ({ boundTo }: SignInPlace): string => `new-password ${boundTo}`

  const page = (
    place: SignInPlace,
    user: User,
    { proof, problem }: { readonly proof: string; readonly problem: NewPasswordProblem | undefined },
  ): string =>
    newPasswordPage(views, {
      action: place.action,
      csrf: secrets.mac('form', place.boundTo),
      region: user.region,
      email: user.email,
      reason: user.locked ? 'locked' : 'expired',
      proof,
      problem,
    })

  function proofOf(place: SignInPlace, user: User): string {
    const proof: Proof = {
      user: user.id,
      generation: generationOf(user),
      expiresAt: clock.now() + spans.interaction * 1000,
      nonce: randomBytes(12).toString('base64url'),
    }
    return secrets.seal(context(place), JSON.stringify(proof))
  }

  /** The user whom the proof is about, if it still says anything. */
  async function proven(text: string | undefined): Promise<{ proof: Proof; user: User } | undefined> {
    if (text === undefined) return undefined
    const proof = JSON.parse(text) as Proof
    const user = proof.expiresAt > clock.now() ? await identity.find(proof.user) : undefined
    const holds = user && !user.disabled && needsNewPassword(user) && generationOf(user) === proof.generation
    return holds ? { proof, user } : undefined
  }

  /** What is wrong with the two fields. Whether the old password comes again is asked last: it costs a hash. */
  async function problemOf(
    form: ReadonlyMap<string, string>,
    { email, region }: User,
  ): Promise<NewPasswordProblem | undefined> {
    const chosen = form.get('new-password') ?? ''
    if (chosen === '') return { text: 'Enter a new password.', field: 'new-password' }
    const text = passwordProblem(chosen, email)
    if (text !== undefined) return { text, field: 'new-password' }
    if (form.get('repeat-password') !== chosen)
      return { text: 'Enter the same new password twice.', field: 'repeat-password' }
    const isOld = await identity.authenticate({ choice: region, email, password: chosen })
    return isOld && { text: 'Choose another password than the one you had.', field: 'new-password' }
  }

  /** Of any number of parallel uses one counts. */
  async function spend({ nonce, expiresAt }: Proof): Promise<boolean> {
    const key = `spent-password-proof:${nonce}`
    return (
      (await store.commit([{ kind: 'put', key, value: '', expiresAt, expected: 'absent' }])) === 'committed'
    )
  }

  return {
    show: (place, user) => page(place, user, { proof: proofOf(place, user), problem: undefined }),

    async submit(place, form) {
      const proof = form.get('proof-token') ?? ''
      const known = await proven(secrets.unseal(context(place), proof))
      if (!known) return { kind: 'void' }
      const problem = await problemOf(form, known.user)
      if (problem) return { kind: 'page', status: 400, html: page(place, known.user, { proof, problem }) }
      if (!(await spend(known.proof))) return { kind: 'void' }
      const { user: id, generation: keptAt } = known.proof
      const user = await directory.setPassword(id, form.get('new-password') ?? '', { keptAt })
      return user ? { kind: 'changed', user } : { kind: 'void' }
    },
  }
}
