export * from './apdu/index.js'
export * from './data/index.js'
export * from './link/index.js'
export { DecodeError, EncodeError } from '@zhuzhan/codec'
