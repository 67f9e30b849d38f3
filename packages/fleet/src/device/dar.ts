/** Data access results a virtual device gives, reference §6.1. */
export const DAR = {
  success: 0,
  temporarilyUnavailable: 2,
  denied: 3,
  undefinedObject: 4,
  noSuchObject: 6,
  typeMismatch: 7,
  outOfBounds: 8,
  notInBlockTransfer: 11,
  blockNumberInvalid: 14,
  securityMismatch: 20,
  timeTagInvalid: 32,
  timedOut: 33,
  other: 255,
} as const
