/** ISO 8601 in UTC to the second, as v7 writes nearly all of its instants (v7-notes section 4). @param at epoch ms */
export const isoDate = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
