import type { ScopeWord } from '#domain/scope.ts'

/** Scopes of one kind, under a heading. */
export interface ScopeGroup {
  readonly title: string
  readonly scopes: readonly ScopeWord[]
}

const kinds: readonly { readonly title: string; has(name: string): boolean }[] = [
  { title: 'See and change', has: (name) => name.includes(':') && !name.endsWith(':read') },
  { title: 'See only', has: (name) => name.endsWith(':read') },
  // The words of OpenID Connect Core §5.4 and §11.
  { title: 'You and this connection', has: (name) => !name.includes(':') },
]

/** @returns the scopes as pages show them: what can change things first, each kind in the order in which it was asked for */
export const scopesInWords = (scopes: readonly ScopeWord[]): readonly ScopeGroup[] =>
  kinds
    .map(({ title, has }) => ({ title, scopes: scopes.filter(({ name }) => has(name)) }))
    .filter((group) => group.scopes.length > 0)
