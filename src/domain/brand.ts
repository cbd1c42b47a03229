declare const brand: unique symbol

/** Text that only a parser of ours may produce, so that two kinds of id cannot be swapped by accident. */
export type Branded<Name extends string> = string & { readonly [brand]: Name }
