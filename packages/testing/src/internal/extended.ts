/**
 * Objects with more members than they had.
 */

/** An object with the members of both, the second one's first. Getters stay getters: what a client knows of its server may change. */
export const extended = <A extends object, B extends object>(base: A, more: B): Omit<A, keyof B> & B =>
  // It has the members that the type says.
  Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(base), ...Object.getOwnPropertyDescriptors(more) }) as Omit<
    A,
    keyof B
  > &
    B
