import { createStrangers } from './strangers.js'
import type { Stranger } from './strangers.js'

const stranger = (id: number, remote = `10.0.${id >> 8}.${id & 255}`): Stranger => ({ id, remote })
const ids = (list: readonly Stranger[]): number[] => list.map((one) => one.id)

test('ten thousand silent connections never keep a newcomer out: each time the oldest goes', () => {
  const strangers = createStrangers(2_000, 1_000)
  const shed = Array.from({ length: 10_000 }, (_, id) => ids(strangers.admit(stranger(id)))).flat()
  expect(shed).toEqual(Array.from({ length: 8_000 }, (_, id) => id))
  expect(strangers.size).toBe(2_000)
  expect(ids(strangers.admit(stranger(10_000)))).toEqual([8_000])
})

test('one address cannot fill the room of the others', () => {
  const strangers = createStrangers(100, 3)
  strangers.admit(stranger(1, 'a'))
  const shed = [2, 3, 4, 5, 6].flatMap((id) => ids(strangers.admit(stranger(id, 'b'))))
  expect(shed).toEqual([2, 3])
  expect(strangers.size).toBe(4)
})

test('who logged in or left is not shed any more and makes room', () => {
  const strangers = createStrangers(2, 2)
  const [one, two] = [stranger(1), stranger(2)]
  strangers.admit(one)
  strangers.admit(two)
  strangers.leave(one)
  strangers.leave(one)
  expect(strangers.admit(stranger(3))).toEqual([])
  expect(ids(strangers.admit(stranger(4)))).toEqual([2])
  strangers.leave(two)
  expect(strangers.size).toBe(2)
})
