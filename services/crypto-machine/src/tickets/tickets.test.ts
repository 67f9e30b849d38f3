import { onEveryStore } from '../conformance/every-store.js'
import { describeTicketAttacks } from '../conformance/ticket-attack-suite.js'
import { describeTicketCrashes } from '../conformance/ticket-crash-suite.js'
import { describeMandates } from '../conformance/mandate-suite.js'
import { describeTickets } from '../conformance/ticket-suite.js'

onEveryStore([describeTickets, describeTicketAttacks, describeTicketCrashes, describeMandates])
