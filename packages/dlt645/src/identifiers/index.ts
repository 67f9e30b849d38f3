export { dataIdentifier, identifiers, identifiersFor } from './lookup.js'
export type { Identifiers } from './lookup.js'
export type { DataIdentifier, Item } from './item.js'
export type { IdentifierRow, Mark } from './row.js'
