/* What the parts of the fake device share. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "control.h"
#include "sm.h"
#include <stdlib.h>
#include <string.h>

enum {
  OK = 0, BASE = 0x01000000, NOT_SUPPORTED = BASE + 2, OPEN_SESSION = BASE + 6, DENIED = BASE + 7, NO_KEY = BASE + 8,
  NO_ALGORITHM = BASE + 9, PRIVATE_OP = BASE + 0xc, VERIFY_FAILED = BASE + 0xe, STEP = BASE + 0x10, KEY_WRONG = BASE + 0x15,
  NO_BUFFER = BASE + 0x1c, IN_ARGUMENT = BASE + 0x1d, OUT_ARGUMENT = BASE + 0x1e
};
enum { SM1 = 0x100, SM4 = 0x400, SM7 = 0x8000, ECB = 1, CBC = 2, MAC = 0x10, SIGN = 0x20200, EXCHANGE = 0x20400, ENCRYPT = 0x20800 };


typedef struct session { uint32_t magic; int busy, agreements; uint8_t access[128]; struct session *next; } session;
typedef struct { uint32_t magic; session *owner; uint8_t key[16]; } key;
typedef struct { uint32_t magic; session *owner; uint8_t d[32], r[32]; sm2_party own; uint8_t id[64]; } agreement;
enum { SESSION = 0x5e551071, KEY = 0x6b657900, AGREEMENT = 0x61677265 };


/* A session is one thread's at a time, as real libraries demand: two calls at once are answered SDR_STEPERR. */
uint32_t enter(session *s, const char *function);
#define ENTER(s) { uint32_t refused = enter(s, __func__); if (refused != OK) return refused; }
#define LEAVE(s, code) return (s)->busy = 0, (uint32_t)(code)

/* Keys made from their index; OK or NO_KEY. */
int kek(uint8_t out[16], uint32_t index);
int private_key(uint8_t d[32], uint32_t index, int encryption);
uint32_t new_key(session *s, const uint8_t bytes[16], void **out);

/* ---- structures: u32 bits, x, y; r, s; x, y, M, L, C -------------------------------------------------------------- */

static inline size_t width(void) { return (size_t)control_number("field", 64); }
static inline void put(uint8_t *to, const uint8_t value[32]) { memset(to, 0, width() - 32); memcpy(to + width() - 32, value, 32); }
static inline int take(uint8_t value[32], const uint8_t *from) {
  for (size_t i = 0; i < width() - 32; i++) if (from[i]) return IN_ARGUMENT;
  memcpy(value, from + width() - 32, 32);
  return OK;
}
static inline void put_point(uint8_t *to, const sm2_point *p) {
  uint32_t bits = 256;
  memcpy(to, &bits, 4);
  put(to + 4, p->xy);
  put(to + 4 + width(), p->xy + 32);
}
static inline int take_point(sm2_point *p, const uint8_t *from) {
  uint32_t bits;
  memcpy(&bits, from, 4);
  return bits != 256 ? IN_ARGUMENT : take(p->xy, from + 4) ? IN_ARGUMENT : take(p->xy + 32, from + 4 + width());
}

#endif
