import { Relay } from './relay.js'

describe('relay', () => {
  it('opens and closes', () => {
    const relay = new Relay()
    expect(relay.isOpen(100)).toBe(false)
    expect(relay.trip(100)).toBe(true)
    expect([relay.isOpen(99), relay.isOpen(100), relay.isOpen(1e12)]).toEqual([false, true, true])
    relay.close(200)
    expect([relay.isOpen(199), relay.isOpen(200)]).toEqual([true, false])
    expect(relay.tripInForce(200)).toBe(false)
  })

  it('a delayed trip opens later and is dropped when the supply is restored before', () => {
    const relay = new Relay()
    relay.trip(100, 160)
    expect([relay.isOpen(150), relay.tripInForce(150), relay.isOpen(160)]).toEqual([false, true, true])
    relay.close(155)
    expect([relay.isOpen(170), relay.tripInForce(156)]).toEqual([false, false])
    expect(relay.intervals).toEqual([])
  })

  it('closes by itself after the limit', () => {
    const relay = new Relay()
    relay.trip(100, 100, 50)
    expect([relay.isOpen(149), relay.isOpen(150)]).toEqual([true, false])
  })

  it('a second trip does not open a second time and replaces the end', () => {
    const relay = new Relay()
    relay.trip(100, 100, 50)
    relay.trip(120)
    expect(relay.intervals).toEqual([{ from: 100 }])
  })

  it('closing is allowed now and done by the customer later', () => {
    const relay = new Relay()
    relay.trip(100)
    relay.close(200, 210)
    expect([relay.isOpen(205), relay.isOpen(210)]).toEqual([true, false])
  })

  it('keep-power refuses a trip and lets closing through', () => {
    const relay = new Relay()
    relay.trip(100)
    relay.keep(true)
    expect(relay.trip(110)).toBe(false)
    relay.close(120)
    expect(relay.trip(130)).toBe(false)
    expect(relay.isOpen(140)).toBe(false)
  })

  it('what is kept on disk brings the same relay back', () => {
    const relay = new Relay()
    relay.trip(100)
    relay.close(150)
    relay.trip(300)
    const again = new Relay(JSON.parse(JSON.stringify(relay.snapshot())))
    for (const t of [90, 120, 150, 299, 300, 500]) expect(again.isOpen(t)).toBe(relay.isOpen(t))
  })
})
