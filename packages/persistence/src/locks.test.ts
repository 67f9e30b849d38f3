import { LOCK } from './locks.js'

test('no two subjects wait under one number', () => {
  expect(new Set(Object.values(LOCK)).size).toBe(Object.keys(LOCK).length)
})
